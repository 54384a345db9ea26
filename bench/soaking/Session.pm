# SPDX-License-Identifier: GPL-2.0-or-later
#
# One session of bench/soak: what kind it is, its two sections of vtund.conf, its client process, and
# whether it is as it should be.
#
# Who disturbs a session says so first: blame().  What happens to it without that is a fault of vtun.
package Session;
use strict;
use warnings;
use POSIX ();
use Time::HiRes 'time';

our $world; # directory, server, ports, flags; given by soaking/drive
our @faults; # sentences
our (%count, @back_after); # events by name; seconds from a disturbance to "up"
our $log; # all that the clients say

use constant {
	BACK_WITHIN => 45, # s; most of it is for a busy machine: 1 to 2 s are usual
	SETTLES_IN => 3,
	CALM => 1e10,
};

my $net = 'tun|ether';
my @kinds = (
	['tun-tcp', ''],
	['tun-udp', ''],
	['pipe-tcp', ''],
	['tun-udp-reliable', 'reliable yes;'],
	['ether-udp', ''],
	['tun-tcp-zlib', 'compress zlib:1;'],
	['tty-tcp', ''],
	['tun-udp-plain', 'encrypt no;'],
	['ether-tcp', ''],
	['tun-udp-lzo', 'compress lzo:1;'],
	['tun-udp-reliable-zlib', 'reliable yes; compress zlib:6;'],
	['pipe-tcp-lzo', 'compress lzo:9;'],
	['ether-udp-reliable', 'reliable yes; speed 4096:4096;'],
	['tun-tcp-lzo', 'compress lzo:1; speed 2048:4096; stat yes;'],
	['tty-tcp-zlib', 'compress zlib:1;'],
	['tun-udp-speed', 'speed 4096:2048;'],
	['ether-udp-zlib', 'compress zlib:1; encrypt no;'],
	['tun-udp-reliable-plain', 'reliable yes; encrypt no;'],
	['ether-tcp-zlib', 'compress zlib:1;'],
	['pipe-tcp-zlib', 'compress zlib:9;'],
);

# Of number N, from 1 on.  Kind, persist, multi, and what else differs go round at different lengths, so
# that all of it meets.
sub new
{
	my ($class, $n) = @_;
	my ($kind, $options) = @{ $kinds[($n - 1) % @kinds] };
	my ($type, $proto) = split /-/, $kind;
	my $round = int(($n - 1) / @kinds);

	return bless {
		n => $n,
		name => sprintf('%s.%d', $kind, $n),
		kind => $kind,
		type => $type,
		proto => $proto,
		options => $options,
		is_net => $type =~ /^($net)$/ ? 1 : 0,
		loses => $proto eq 'tcp' ? '' : $kind =~ /reliable/ ? 'reliable' : 'udp', # '': nothing may be lost
		persist => (qw(yes keep no))[($n + $round) % 3],
		multi => (qw(killold no killold))[($n + 2 * $round) % 3],
		steady => ($n + $round) % 4 == 0, # nobody disturbs it, so that it shows a leak
		hasty => ($n + $round) % 3 == 1, # its keys last for a second, or 64 packets
		busy => $n % 23 == 3,
		outer => "10.0.1.$n",
		moved => "10.0.2.$n", # where its datagrams come from sometimes
		inner => "10.9.$n.1", # of the server
		pid => 0, up => 0, up_at => 0, start_at => 0, calm_at => CALM, reason => 'the start',
		back_by => 0, cause_at => 0, text => '',
	}, $class;
}

# ---- the two files

sub section
{
	my ($s, $side) = @_;
	my $end = $side eq 'server' ? 1 : 2;
	my $up;

	if ($s->{is_net}) {
		my $peer = $s->{type} eq 'tun' ? "10.9.$s->{n}.$end peer 10.9.$s->{n}." . (3 - $end)
			: "10.9.$s->{n}.$end/24";
		# Who remembers a neighbour's address would else look for the device of an earlier session.
		my $mac = $s->{type} eq 'tun' ? '' : sprintf 'ip "link set %%%% address 02:00:00:00:%02x:%02x"; ',
			$end, $s->{n};
		$up = qq(device $side$s->{n}; up { ${mac}ip "addr add $peer dev %%"; ip "link set %% up"; };);
	} elsif ($side eq 'server') {
		$up = 'up { program "exec cat"; };';
	} else {
		$up = sprintf 'up { program "exec nc -N -U %s"; };', $s->socket_path;
	}
	my $own = $side eq 'server' ?
		"proto $s->{proto}; multi $s->{multi}; keepalive 5:3; $s->{options}" :
		"persist $s->{persist}; srcaddr { addr $s->{outer}; };" .
		($s->{options} =~ /encrypt no/ ? ' encrypt no;' : '');
	return "$s->{name} {\n  passwd secret-of-$s->{name};\n  type $s->{type};\n  $own\n  $up\n}\n";
}

sub socket_path { return "$world->{dir}/stream.$_[0]{n}" }

# ---- its client

sub start
{
	my ($s) = @_;
	my $at = $world->{server} . ':' . ($s->{hasty} ? $world->{hasty_port} : $world->{port});
	my $worker = $s->{hasty} ? $world->{hasty_worker} : $world->{worker};

	pipe(my $reader, my $writer) or die "pipe: $!\n";
	my $pid = fork // die "fork: $!\n";
	if (!$pid) {
		setpgrp; # a ^C is for us
		open STDIN, '<', '/dev/null';
		open STDERR, '>&', $writer;
		exec $world->{vtund}, "--worker=$worker", '-f', "$world->{dir}/client.conf", $s->{name}, $at
			or POSIX::_exit(71);
	}
	$reader->blocking(0);
	@$s{qw(pid reader wanted start_at)} = ($pid, $reader, 1, 0);
	$s->{back_by} ||= time + BACK_WITHIN;
	$s->{cause_at} ||= time;
}

# What the client has said; false at the end of it.
sub listens
{
	my ($s) = @_;
	my $n = sysread $s->{reader}, $s->{text}, 65536, length $s->{text};

	return 1 if !defined $n && $!{EAGAIN};
	while ($s->{text} =~ s/^(.*)\n//) {
		my $line = $1;
		printf $log "%s %s: %s\n", POSIX::strftime('%T', localtime), $s->{name}, $line;
		$s->hears($line);
	}
	return $n;
}

sub hears
{
	my ($s, $line) = @_;

	if ($line =~ /: session up: /) {
		$s->comes_up;
	} elsif ($line =~ /: session ended after/) {
		$s->goes_down($line);
		tally($line);
	} elsif ($line =~ /: no session with/) {
		$count{'attempts that failed'}++;
	}
	fault($s, "says: $line") if is_bug($line) && !$s->{worker_killed};
}

# What no disturbance of ours explains.
sub is_bug
{
	return $_[0] =~ /report|broke|contract|sandbox|signal (4|6|7|8|11|31)\b|cannot be decrypted|corrupt/i;
}

# The final record of either side.
our %total;
sub tally
{
	my ($line) = @_;

	$line =~ /sent (\d+) bytes in (\d+) frames, received (\d+) in (\d+)/ or return;
	$total{bytes} += $1;
	$total{frames} += $2;
	$line =~ /, \Q$_\E (\d+)/ and $total{$_} += $1
		for 'lost', 'duplicated', 'reordered', 'refused', 'rekeys';
}

sub comes_up
{
	my ($s) = @_;

	$count{connects}++;
	if ($s->{cause_at}) {
		push @back_after, time - $s->{cause_at} if $s->{been_up};
		$count{reconnects}++ if $s->{been_up};
	}
	@$s{qw(up been_up up_at calm_at cause_at back_by worker_killed)} =
		(1, 1, time, time + SETTLES_IN, 0, 0, 0);
	$s->{reason} = '';
}

sub goes_down
{
	my ($s, $line) = @_;

	$s->fault("ended by itself: $line") if !$s->{reason};
	$s->{up} = 0;
	$s->{calm_at} = CALM;
	$s->{back_by} ||= time + BACK_WITHIN;
	$s->{cause_at} ||= time;
}

# The process is gone.
sub reaped
{
	my ($s, $status) = @_;

	1 while $s->{reader} && $s->listens;
	close delete $s->{reader};
	$s->goes_down("its client is gone, status $status") if $s->{up};
	$s->fault("its client ended with " . ($status >> 8) . ", signal " . ($status & 127))
		if ($status >> 8) =~ /^(64|70|71|76|77|78)$/ && !$s->{worker_killed} ||
		($status & 127) && !$s->{killed};
	@$s{qw(pid killed)} = (0, 0);
	$s->{start_at} = time + ($s->{start_in} // 1) if $s->{wanted};
	delete $s->{start_in};
}

# ---- as it should be?

# We are about to disturb it, and it will be up again by then.
sub blame
{
	my ($s, $what, $within) = @_;

	@$s{qw(reason calm_at cause_at back_by)} = ($what, CALM, time, time + ($within // BACK_WITHIN));
}

# It is to bear this for so many seconds, and stay up.
sub bears
{
	my ($s, $seconds) = @_;

	$s->{calm_at} = time + $seconds + SETTLES_IN;
}

# Up, and nobody has disturbed it since that time (now).
sub is_calm
{
	my ($s, $since) = @_;

	return $s->{up} && $s->{calm_at} <= ($since // time);
}

sub fault
{
	my ($s, $what) = @_;
	my $sentence = POSIX::strftime('%T', localtime) . " $s->{name}: $what" .
		($s->{reason} ? " (after $s->{reason})" : '');

	fault_of_all($sentence);
}

# What is no session's own.
sub fault_of_all
{
	my ($what) = @_;

	push @faults, $what;
	print $log "FAULT $what\n";
	print STDERR "FAULT $what\n" if @faults <= 40;
}

sub judge
{
	my ($s) = @_;

	return if $s->{up} || !$s->{back_by} || time < $s->{back_by};
	$s->fault(sprintf 'is not up after %.0f s', time - $s->{cause_at});
	$s->{back_by} = time + 120;
}
1;

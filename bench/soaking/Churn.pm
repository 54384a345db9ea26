# SPDX-License-Identifier: GPL-2.0-or-later
#
# What bench/soak does to sessions: clients leave and come back, processes are killed, the way is cut, and
# a NAT takes another port or address for a client.
package Churn;
use strict;
use warnings;
use Time::HiRes 'time';
use Census;

our %count; # by name
my @later; # [time, code]

# Rules that do nothing until an address is in their sets, on both hosts where packets arrive.  A sender must
# not notice: to TCP, a packet that the own machine refuses is something else than one that is lost, and what
# is changed before it is sent gets a wrong checksum.
my %rules = (
	client => <<'NFT',
	table ip soak {
		set cut { type ipv4_addr; }
		map port { type ipv4_addr : inet_service; }
		map address { type ipv4_addr : ipv4_addr; }
		chain in {
			type filter hook prerouting priority -300;
			udp sport 20000-20999 ip daddr set ip daddr map @address
			udp sport 20000-20999 udp dport set ip daddr map @port
			ip daddr @cut drop
		}
	}
NFT
	server => <<'NFT',
	table ip soak {
		set cut { type ipv4_addr; }
		map port { type ipv4_addr : inet_service; }
		map address { type ipv4_addr : ipv4_addr; }
		chain in {
			type filter hook prerouting priority -300;
			ip saddr @cut drop
			udp dport 20000-20999 udp sport set ip saddr map @port
			udp dport 20000-20999 ip saddr set ip saddr map @address
		}
	}
NFT
);

# nft(HOST, COMMAND)
sub nft
{
	my ($host, $command) = @_;

	system('nsenter', "--net=/proc/$Census::host{$host}/ns/net", 'nft', $command) == 0 or
		die "nft $command on the $host: status $?\n";
}

sub begin
{
	nft($_, $rules{$_}) for keys %rules;
}

# For so many seconds nothing comes through, in either direction.
sub cut_for
{
	my ($s, $seconds) = @_;

	nft($_, "add element ip soak cut { $s->{outer} }") for keys %rules;
	later($seconds, sub { nft($_, "delete element ip soak cut { $s->{outer} }") for keys %rules });
}

# From now on the server sees its datagrams come from there.
sub nat
{
	my ($s, $map, $seen, $own) = @_;
	my $back = $map eq 'port' ? $s->{outer} : $seen;

	undo_nat($s);
	$s->bears(5);
	nft('server', "add element ip soak $map { $s->{outer} : $seen }");
	nft('client', "add element ip soak $map { $back : $own }");
	$s->{nat} = { server => "$map { $s->{outer} }", client => "$map { $back }" };
}

sub undo_nat
{
	my ($s) = @_;
	my $nat = delete $s->{nat} // return;

	nft($_, "delete element ip soak $nat->{$_}") for keys %$nat;
}

sub later
{
	my ($seconds, $code) = @_;

	push @later, [time + $seconds, $code];
}

# ---- the disturbances: each is done, or returns false if the session is not fit for it

sub kill_one
{
	my ($pid) = @_;

	return $pid && kill('KILL', $pid);
}

my %disturb = (
	'client leaves and comes back' => sub {
		my ($s) = @_;
		$s->{start_in} = 1 + rand 8;
		$s->blame('TERM to its client', 60);
		kill 'TERM', $s->{pid};
	},
	'HUP to the client' => sub {
		my ($s) = @_;
		$s->blame('HUP to its client');
		kill 'HUP', $s->{pid};
	},
	'client killed' => sub {
		my ($s) = @_;
		$s->{killed} = 1;
		$s->blame('KILL of its client');
		kill_one($s->{pid});
	},
	'worker of the client killed' => sub {
		my ($s) = @_;
		my $worker = Census::worker_of($s->{pid}) or return 0;
		$s->{worker_killed} = 1;
		$s->blame("KILL of its client's worker");
		kill_one($worker);
	},
	'server killed' => sub {
		my ($s) = @_;
		my $server = Census::server_of($s) or return 0;
		$s->blame('KILL of its server');
		kill_one($server);
	},
	'worker of the server killed' => sub {
		my ($s) = @_;
		my $server = Census::server_of($s) or return 0;
		my $worker = Census::worker_of($server) or return 0;
		$s->blame("KILL of its server's worker");
		$Census::worker_killed{$server} = 1;
		kill_one($worker);
	},
	# The server knows nothing of it, and has to be rid of the old session: killold, or the keepalive.
	'client vanishes and comes back' => sub {
		my ($s) = @_;
		my $worker = Census::worker_of($s->{pid}) or return 0;
		$s->blame('its client vanished without a word', 100);
		cut_for($s, 2);
		@$s{qw(killed start_in)} = (1, 3);
		kill_one($_) for $s->{pid}, $worker;
		return 1;
	},
	'link down for 6 s, which it bears' => sub {
		my ($s) = @_;
		$s->bears(6 + 6); # TCP below takes twice the time to try again
		cut_for($s, 6);
	},
	'link down for 35 s, which no keepalive bears' => sub {
		my ($s) = @_;
		$s->blame('a link that was down for 35 s', 35 + 75);
		cut_for($s, 35);
	},
	'NAT with another port' => sub {
		my ($s) = @_;
		my $port = udp_port($s) or return 0;
		nat($s, 'port', 30000 + int rand 20000, $port);
	},
	'NAT with another address' => sub {
		my ($s) = @_;
		udp_port($s) or return 0;
		nat($s, 'address', $s->{moved}, $s->{outer});
	},
);

# The client's own, of its UDP socket; 0 if it has none.
sub udp_port
{
	my ($s) = @_;
	my $address = sprintf '%08X', unpack 'V', pack 'C4', split /\./, $s->{outer};

	return 0 if $s->{proto} ne 'udp';
	open my $f, '<', '/proc/net/udp' or return 0;
	while (<$f>) {
		return hex $1 if /^\s*\d+: $address:([0-9A-F]{4}) /;
	}
	return 0;
}

# ---- whose turn it is

# Disturbs one of those that may be; the one that has been left alone for the longest time, in a way
# that it has met least.
sub turn
{
	my ($quick, @sessions) = @_;
	my ($s) = sort { ($a->{disturbed_at} // 0) <=> ($b->{disturbed_at} // 0) || $a->{n} <=> $b->{n} }
		grep { !$_->{steady} && $_->is_calm } @sessions or return;
	my @ways = sort { ($s->{met}{$a} // 0) <=> ($s->{met}{$b} // 0) ||
		($count{$a} // 0) <=> ($count{$b} // 0) || $a cmp $b } keys %disturb;

	$s->{disturbed_at} = time;
	for my $way (@ways) {
		next if $quick && $way =~ /vanishes|link/; # they take their time
		# What a NAT remembers is the old connection's.
		undo_nat($s) if $way !~ /^NAT/;
		next if !$disturb{$way}->($s);
		$s->{met}{$way}++;
		$count{$way}++;
		print $Session::log "-- $s->{name}: $way\n";
		return;
	}
}

# What is due.
sub tick
{
	my $now = time; # asked twice, what became due in between would be lost
	my @due = grep { $_->[0] <= $now } @later;

	@later = grep { $_->[0] > $now } @later;
	$_->[1]->() for @due;
}

sub is_done { return !@later }
1;

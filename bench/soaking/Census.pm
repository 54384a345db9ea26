# SPDX-License-Identifier: GPL-2.0-or-later
#
# What there is of vtun on both hosts: processes with their memory and descriptors, devices, files.  A census
# is taken when nobody disturbs anything, and then all of it has to add up.
package Census;
use strict;
use warnings;
use Time::HiRes 'time';

our (%host, %listeners); # server, client: the process that holds the host; those who start servers
our %worker_killed; # pids of monitors whose worker we have killed
our (@taken, %first_fds, %first_files);

# ---- processes

# pid => { pid, parent, name, title } of all that are vtun's.
sub processes
{
	my %all;

	for my $dir (glob '/proc/[0-9]*') {
		my ($pid) = $dir =~ /(\d+)/;
		my ($name, $state, $parent) = (slurp("$dir/stat") // '') =~ /\((.*)\) (\S) (\d+)/ or next;

		next if $name !~ /^(vtund|vtun-worker|hasty-worker)/;
		$all{$pid} = { pid => $pid, parent => $parent, state => $state,
			name => $name =~ /worker/ ? 'worker' : 'monitor' };
	}
	return \%all;
}

sub slurp
{
	my ($path) = @_;

	open my $f, '<', $path or return undef;
	local $/;
	return scalar <$f>;
}

sub title
{
	my ($pid) = @_;

	return (slurp("/proc/$pid/cmdline") // '') =~ s/\0/ /gr;
}

sub worker_of
{
	my ($monitor) = @_;

	for my $child (split ' ', slurp("/proc/$monitor/task/$monitor/children") // '') {
		return $child if (slurp("/proc/$child/comm") // '') =~ /worker/;
	}
	return 0;
}

# By name of the session, all that are up.
sub servers
{
	my %of;

	for my $listener (keys %listeners) {
		for my $pid (split ' ', slurp("/proc/$listener/task/$listener/children") // '') {
			$of{$1} = $pid if title($pid) =~ /^vtund\[s\]: (\S+) (?:tun|ether|pipe|tty) /;
		}
	}
	return \%of;
}

sub server_of
{
	my ($s) = @_;

	return servers()->{ $s->{name} } // 0;
}

# Bytes that are this process's alone, in KiB; and how many descriptors it has.
sub private_kib
{
	my ($pid) = @_;
	my $kib = 0;

	$kib += $_ for (slurp("/proc/$pid/smaps_rollup") // '') =~ /^Private_(?:Clean|Dirty): +(\d+)/mg;
	return $kib;
}

sub descriptors
{
	my ($pid) = @_;

	opendir my $d, "/proc/$pid/fd" or return 0;
	return scalar grep { !/^\./ } readdir $d;
}

# ---- files and devices

sub files
{
	my ($host) = @_;
	my $root = "/proc/$host{$host}/root";
	my @found = split /\n/, qx(cd $root && find run/vtund var/log/vtund -not -type d 2>/dev/null);

	push @found, map { s{.*/}{run/vtund/}r . '/' } glob "$root/run/vtund/[0-9]*";
	return @found;
}

sub devices
{
	my ($host) = @_;

	return grep { /^$host\d+$/ } (slurp("/proc/$host{$host}/net/dev") // '') =~ /^\s*(\S+?):/mg;
}

# ---- the census

# Whether there is exactly what the sessions need, a sentence for each thing that is too much or missing.
sub surplus
{
	my (@sessions) = @_;
	my ($all, $servers) = (processes(), servers());
	my (@wrong, %expected, %seen);

	for my $s (@sessions) {
		my ($client, $server) = ($s->{pid}, $servers->{ $s->{name} } // 0);
		my @own = grep { $_ } $client, $server, map { $_ ? worker_of($_) : 0 } $client, $server;
		push @wrong, "$s->{name}: " . @own . ' processes, not 4' if @own != 4;
		$expected{$_} = $s for @own;
		@$s{qw(server client_worker server_worker)} = ($server, worker_of($client),
			$server ? worker_of($server) : 0);
	}
	push @wrong, map { "process $_ ($all->{$_}{name}, " . title($_) . ') belongs to no session' }
		grep { !$expected{$_} } keys %$all;
	for my $side ('server', 'client') {
		my %monitors = map { $_->{$side eq 'server' ? 'server' : 'pid'} => 1 } @sessions;
		my %devices = map { ("$side$_->{n}" => 1) } grep { $_->{is_net} } @sessions;
		push @wrong, map { "$side: device $_ belongs to no session" } grep { !delete $devices{$_} }
			devices($side);
		push @wrong, map { "$side: device $_ is missing" } keys %devices;
		for my $file (files($side)) {
			push @wrong, "$side: file $file belongs to no session" unless is_known($file, \%monitors);
		}
	}
	return @wrong;
}

sub is_known
{
	my ($file, $monitors) = @_;

	return $monitors->{$1} if $file =~ m{^run/vtund/(\d+)/(?:status\.json|down)?$};
	return $file =~ m{^run/vtund/(?:rl|rl\.key|claim/[\w.-]+)$} || $file =~ m{^var/log/vtund/[\w.-]+$};
}

# take(AT, SESSIONS): remembers what all processes have.
sub take
{
	my ($at, @sessions) = @_;
	my %census = (at => $at, time => time);

	for my $s (@sessions) {
		for my $of (['client', $s->{pid}], ['client worker', $s->{client_worker}],
			['server', $s->{server}], ['server worker', $s->{server_worker}]) {
			my ($role, $pid) = @$of;
			next if !$pid;
			$census{process}{$pid} = { role => $role, session => $s, private => private_kib($pid) };
			watch_descriptors($s, $role, $pid, $census{process}{$pid});
		}
	}
	$census{files} = { map { $_ => scalar files($_) } 'server', 'client' };
	push @taken, \%census;
	return \%census;
}

# Sessions of a kind have a number of them, which the first census tells.
sub watch_descriptors
{
	my ($s, $role, $pid, $ret) = @_;
	my $key = "$role of $s->{kind}, persist " . ($role =~ /client/ ? $s->{persist} : '-') .
		($role eq 'server' ? ", multi $s->{multi}" : '');
	my $n;

	for (1 .. 20) { # status.json may just be written
		$n = descriptors($pid);
		last if $n <= ($first_fds{$key} //= $n);
		select undef, undef, undef, 0.05;
	}
	$ret->{fds} = $n;
	$s->fault("$role: $n descriptors ($first_fds{$key} are usual): " . join ' ', map { readlink // '' }
		glob "/proc/$pid/fd/*") if $n > $first_fds{$key};
}

# growth(FROM, TO): by role, of processes that are in both: how many, mean KiB, most KiB, and whose.  Those
# that change keys all the time are by themselves, as the others would hide what is lost with each.
sub growth
{
	my ($from, $to) = @_;
	my %role;

	for my $pid (keys %{ $to->{process} }) {
		my ($old, $new) = ($from->{process}{$pid}, $to->{process}{$pid});
		next if !$old || $old->{session} != $new->{session} || $old->{role} ne $new->{role};
		my $keys = $new->{role} =~ /worker/ && $new->{session}{hasty} && $new->{session}{proto} eq 'udp';
		my $r = $role{ $new->{role} . ($keys ? ', many keys' : '') } //= { n => 0, sum => 0, most => -1e9 };
		my $kib = $new->{private} - $old->{private};
		$r->{n}++;
		$r->{sum} += $kib;
		@$r{qw(most whose)} = ($kib, $new->{session}{name}) if $kib > $r->{most};
	}
	return \%role;
}

# by role: how many, mean private KiB, mean descriptors
sub means
{
	my ($census) = @_;
	my %role;

	for my $p (values %{ $census->{process} }) {
		my $r = $role{ $p->{role} } //= { n => 0, private => 0, fds => 0 };
		$r->{n}++;
		$r->{$_} += $p->{$_} for 'private', 'fds';
	}
	for my $r (values %role) { $r->{$_} /= $r->{n} for 'private', 'fds' }
	return \%role;
}
1;

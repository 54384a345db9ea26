# SPDX-License-Identifier: GPL-2.0-or-later
#
# What bench/soak says: a line each minute, and at the end a report in Markdown and a verdict.
package Report;
use strict;
use warnings;
use POSIX ();
use Census;
use Churn;
use Session;
use Traffic;

# Of processes that live at a quarter of the time and at its end: more than chance, and less than what a
# leak of a few bytes for each rekey would come to.
use constant {
	GROWTH_MEAN => 64,  # KiB
	GROWTH_MOST => 768,
	LOST_MOST => 6,     # % of datagrams over UDP: they pass the bad link twice
	LOST_LEFT => 3,     # % of those of "reliable", which gives up what is late: this machine is busy
};
my @roles = ('client', 'client worker', 'server', 'server worker');

sub minute
{
	my ($sessions, $seconds, $census) = @_;
	my $up = grep { $_->{up} } @$sessions;
	my $busy = grep { $_->{pid} && !$_->{up} } @$sessions;

	printf "%5.1f min: %d up, %d coming, %d connects, %d datagrams (%d lost), %.1f MB of streams, back after " .
		"%s s, %d faults\n", $seconds / 60, $up, $busy, $Session::count{connects} // 0,
		$Traffic::count{pings} // 0, $Traffic::count{lost} // 0, ($Traffic::count{bytes} // 0) / 1e6,
		join('/', map { sprintf '%.1f', $_ } quantiles()), scalar @Session::faults;
	return if !$census;
	my $m = Census::means($census);
	printf "           census: %s\n", join '; ', map { sprintf '%d %ss: %.0f KiB, %.1f descriptors',
		$m->{$_}{n}, $_, $m->{$_}{private}, $m->{$_}{fds} } grep { $m->{$_} } @roles;
}

# The median, the 99th percentile and the most.
sub quantiles
{
	my @v = sort { $a <=> $b } @Session::back_after or return (0, 0, 0);

	return @v[$#v / 2, int $#v * 0.99, $#v];
}

sub number
{
	my $n = sprintf '%.0f', shift // 0;

	1 while $n =~ s/(\d)(\d{3})\b/$1,$2/;
	return $n;
}

# ---- the verdict

sub judge_memory
{
	my $n = @Census::taken;
	my ($from, $to) = @Census::taken[$n > 2 ? 1 : 0, -1]; # memory of the first minutes is not all of it

	return if $n < 2;
	my $growth = Census::growth($from, $to);
	for my $role (sort keys %$growth) {
		my $g = $growth->{$role};
		my $mean = $g->{sum} / $g->{n};
		Session::fault_of_all(sprintf '%s: %d processes have grown by %.0f KiB each', $role, $g->{n}, $mean)
			if $mean > GROWTH_MEAN;
		Session::fault_of_all("$role of $g->{whose} has grown by $g->{most} KiB") if $g->{most} > GROWTH_MOST;
	}
	return $growth;
}

sub final
{
	my ($sessions, $arg, $ran, $stopped) = @_;
	my $growth = judge_memory();
	for (['udp', LOST_MOST], ['reliable', LOST_LEFT]) {
		my ($of, $most) = @$_;
		Session::fault_of_all(sprintf '%.1f %% of all datagrams (%s) are lost', lost($of), $of)
			if lost($of) > $most && $Traffic::count{"pings $of"} > 200;
	}
	Session::fault_of_all('it was stopped before its time') if $stopped;
	my $text = markdown($sessions, $arg, $ran, $growth);

	print "\n$text";
	open my $f, '>', "$arg->{out}/soak.md" or die "$arg->{out}/soak.md: $!\n";
	print $f $text;
	close $f;
	return 130 if $stopped;
	return @Session::faults ? 1 : 0;
}

# In %, of those that were sent when nobody disturbed the session.
sub lost
{
	my ($of) = @_;
	my $c = \%Traffic::count;

	return $c->{"pings $of"} ? 100 * ($c->{"lost $of"} // 0) / $c->{"pings $of"} : 0;
}

sub markdown
{
	my ($sessions, $arg, $ran, $growth) = @_;
	my @f = @Session::faults;
	my $text = sprintf "# %s of vtun 4 with %d sessions: %s\n\n", minutes($ran), scalar @$sessions,
		@f ? scalar(@f) . ' faults' : 'all well';

	$text .= "- date: " . POSIX::strftime('%Y-%m-%d %H:%M UTC', gmtime) . "\n";
	$text .= "- $_: $arg->{$_}\n" for 'machine', 'kernel', 'sources', 'link';
	$text .= "\n" . kinds($sessions) . "\n" . events() . "\n" . memory($growth) . "\n## Faults\n\n";
	$text .= @f ? join '', map { "- $_\n" } @f[0 .. ($#f < 99 ? $#f : 99)] : "None.\n";
	return $text;
}

sub minutes
{
	my ($s) = @_;

	return sprintf $s < 120 ? '%.0f seconds' : '%.0f minutes', $s < 120 ? $s : $s / 60;
}

sub kinds
{
	my ($sessions) = @_;
	my %n;

	$n{ $_->{kind} }++ for @$sessions;
	my $count = sub { my ($what) = @_; return scalar grep { $what->($_) } @$sessions };
	return 'Sessions: ' . join(', ', map { "$n{$_} $_" } sort keys %n) . ".\n" .
		sprintf "Of them %d are never disturbed, %d change keys every second, %d have much traffic; persist: " .
		"%d yes, %d keep, %d no.\n", $count->(sub { $_[0]{steady} }), $count->(sub { $_[0]{hasty} }),
		$count->(sub { $_[0]{busy} }), map { my $p = $_; $count->(sub { $_[0]{persist} eq $p }) } qw(yes keep no);
}

sub events
{
	my ($t, $p, $c) = (\%Session::total, \%Traffic::count, \%Session::count);
	my @back = quantiles();
	my @lost = grep { /is not up|ended by itself|nothing has come back|stream (broke|has not)/ } @Session::faults;
	my @rows = (
		['connects', number($c->{connects})], ['reconnects after a disturbance', number($c->{reconnects})],
		['attempts that failed meanwhile', number($c->{'attempts that failed'})],
		['... up again after, median / 99 % / most', sprintf '%.1f / %.1f / %.1f s', @back],
		['rekeys of UDP, both sides', number($t->{rekeys})],
		['frames sent', number($t->{frames})], ['bytes sent', number($t->{bytes})],
		['datagrams of the link lost / doubled / out of order, as the sessions saw it',
			join ' / ', map { number($t->{$_}) } 'lost', 'duplicated', 'reordered'],
		['numbered datagrams through the tunnels / lost', number($p->{pings}) . ' / ' . number($p->{lost})],
		map({ ["... lost over $_->[0], undisturbed", sprintf '%.2f %%', lost($_->[1])] }
			['TLS', ''], ['UDP', 'udp'], ['UDP, reliable', 'reliable']),
		['bytes of streams that came back identical', number($p->{bytes})],
		['lost sessions', scalar @lost],
	);

	return "## What happened\n\n| | |\n|---|--:|\n" . join('', map { "| $_->[0] | $_->[1] |\n" } @rows,
		map { [$_, number($Churn::count{$_})] } sort keys %Churn::count) .
		"\nFrames, bytes and rekeys are from the final records; who was killed has left none.\n";
}

sub memory
{
	my ($growth) = @_;
	my $text = "## Memory, descriptors, files\n\nPrivate memory in KiB / descriptors, means of all that were up:\n\n" .
		'| at |' . join('', map { " $_ |" } @roles) . " files on server | on client |\n" .
		'|---|' . '--:|' x (@roles + 2) . "\n";

	for my $census (@Census::taken) {
		my $m = Census::means($census);
		$text .= "| $census->{at} % |" . join('', map { $m->{$_} ? sprintf ' %.0f / %.2f |',
			@{ $m->{$_} }{qw(private fds)} : ' - |' } @roles) .
			" $census->{files}{server} | $census->{files}{client} |\n";
	}
	return $text if !$growth;
	$text .= "\nGrowth of processes that lived from one census ($Census::taken[@Census::taken > 2 ? 1 : 0]{at} %) to the last:\n\n" .
		"| | processes | mean, KiB | most, KiB | whose |\n|---|--:|--:|--:|---|\n";
	for my $role (sort keys %$growth) {
		my $g = $growth->{$role};
		$text .= sprintf "| %s | %d | %.1f | %d | %s |\n", $role, $g->{n}, $g->{sum} / $g->{n}, $g->{most},
			$g->{whose};
	}
	return $text;
}
1;

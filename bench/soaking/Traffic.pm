# SPDX-License-Identifier: GPL-2.0-or-later
#
# What bench/soak sends through a session, and whether it comes back as it was sent: numbered datagrams
# (the devices), and a stream of bytes (TCP through the devices; pipes and terminals as they are).
package Traffic;
use strict;
use warnings;
use Digest::MD5 'md5';
use IO::Socket::INET;
use IO::Socket::UNIX;
use Socket qw(pack_sockaddr_in unpack_sockaddr_in inet_aton inet_ntoa MSG_DONTWAIT SOCK_STREAM);
use Time::HiRes 'time';

our %count; # pings and lost, of all and by Session's {loses}; bytes of streams
use constant {
	PORT => 7000,
	PING_LOST => 20,    # s: TCP below repeats itself for a while
	STREAM_STUCK => 40, # s without a byte back
	WINDOW => 8192, WINDOW_BUSY => 65536,
	CHUNK => 2000, CHUNK_BUSY => 16000,
	SECOND_BUSY => 300_000, # bytes in a second
};

my $udp;
my (%of_inner, $text);

sub begin
{
	my (@sessions) = @_;

	$udp = IO::Socket::INET->new(Proto => 'udp') // die "UDP: $@\n";
	$udp->blocking(0);
	%of_inner = map { $_->{inner} => $_ } grep { $_->{is_net} } @sessions;
	listen_for($_) for grep { !$_->{is_net} } @sessions;
	# Half of it can be compressed, half of it cannot.
	$text = join '', map { random_bytes(32) . 'a line of words, and the same once more; ' } 1 .. 3000;
}

sub random_bytes
{
	my ($n) = @_;

	return pack 'C*', map { int rand 256 } 1 .. $n;
}

sub some_text
{
	my ($n) = @_;

	return substr $text, int rand(length($text) - $n), $n;
}

# ---- datagrams

sub ping
{
	my ($s) = @_;
	my $seq = ++$s->{ping_seq};
	my $body = pack('NN', $s->{n}, $seq) . some_text(20 + int rand 1100);

	return if !send $udp, $body . md5($body), MSG_DONTWAIT, pack_sockaddr_in(PORT, inet_aton($s->{inner}));
	$s->{pings}{$seq} = time;
	$count{pings}++;
	$count{"pings $s->{loses}"}++ if $s->is_calm;
}

sub take_pings
{
	while (defined(my $from = recv $udp, my $datagram, 65536, MSG_DONTWAIT)) {
		my ($port, $address) = unpack_sockaddr_in($from);
		my $s = $of_inner{ inet_ntoa($address) } // next;
		take_ping($s, $datagram);
	}
}

sub take_ping
{
	my ($s, $datagram) = @_;
	my $body = substr $datagram, 0, -16;
	my ($n, $seq) = unpack 'NN', $body;

	if (md5($body) ne substr($datagram, -16) || $n != $s->{n}) {
		$s->fault('a datagram came back changed');
	} elsif (defined delete $s->{pings}{$seq}) {
		$s->{heard_at} = time;
	} elsif (!delete $s->{late}{$seq}) {
		$s->fault("datagram $seq came back twice");
	}
}

# Those that nobody expects any more.
sub count_lost
{
	my ($s) = @_;
	my $lost = 0;

	for my $seq (keys %{ $s->{pings} }) {
		my $sent = $s->{pings}{$seq};

		next if time - $sent < PING_LOST;
		delete $s->{pings}{$seq};
		$s->{late}{$seq} = 1;
		next if !$s->is_calm($sent);
		$count{lost}++;
		$count{"lost $s->{loses}"}++;
		$lost++;
	}
	$s->{late} = {} if keys %{ $s->{late} // {} } > 1000;
	$s->fault("$lost datagrams are lost, and none may be") if $lost && !$s->{loses} && !$s->{busy};
	return if !$lost || !$s->is_calm(time - PING_LOST) || ($s->{heard_at} // 0) > time - PING_LOST;
	$s->fault('nothing has come back for ' . PING_LOST . ' s');
	$s->{heard_at} = time;
}

# ---- streams

sub listen_for
{
	my ($s) = @_;

	unlink $s->socket_path;
	$s->{listener} = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $s->socket_path, Listen => 2) //
		die $s->socket_path . ": $!\n";
	$s->{listener}->blocking(0);
}

sub open_stream
{
	my ($s) = @_;
	my $c;

	if ($s->{is_net}) {
		$c = IO::Socket::INET->new(Proto => 'tcp', PeerAddr => $s->{inner}, PeerPort => PORT,
			Blocking => 0);
	} else {
		# The newest one: an older one is the program of a session that is no more.
		while (my $next = $s->{listener}->accept) { $c = $next }
	}
	return if !$c;
	$c->blocking(0);
	close_stream($s);
	@$s{qw(stream on_way sent_at back_at)} = ($c, '', 0, time);
}

sub close_stream
{
	my ($s) = @_;
	my $c = delete $s->{stream};

	close $c if $c;
}

sub fill_stream
{
	my ($s) = @_;
	my $window = $s->{busy} ? WINDOW_BUSY : WINDOW;
	my ($n, $chunk);

	return if length $s->{on_way} >= $window || $s->{busy} && $s->{second} > SECOND_BUSY;
	$chunk = pack('NN', $s->{n}, ++$s->{chunks}) . some_text($s->{busy} ? CHUNK_BUSY : CHUNK);
	$n = syswrite $s->{stream}, $chunk;
	return if !$n;
	$s->{second} += $n;
	$s->{back_at} = time if !length $s->{on_way};
	$s->{on_way} .= substr $chunk, 0, $n;
}

sub take_stream
{
	my ($s) = @_;
	my $n = sysread $s->{stream}, my $data, 65536;

	return if !defined $n && ($!{EAGAIN} || $!{ENOTCONN});
	if (!$n) {
		$s->fault('its stream broke: ' . (defined $n ? 'end of file' : $!)) if $s->is_calm;
		return close_stream($s);
	}
	$s->{back_at} = time;
	$count{bytes} += $n;
	if (substr($s->{on_way}, 0, $n) ne $data) {
		$s->fault('its stream came back changed');
		return close_stream($s);
	}
	substr($s->{on_way}, 0, $n) = '';
}

sub watch_stream
{
	my ($s) = @_;
	my $since = time - STREAM_STUCK;

	return if !$s->{stream} || !length $s->{on_way} || !$s->is_calm($since) || $s->{back_at} > $since;
	$s->fault('its stream has not moved for ' . STREAM_STUCK . ' s');
	close_stream($s);
}

# ---- once a second

# With "persist keep" a TCP connection does not notice that the session is another one.
sub turn
{
	my ($s) = @_;

	close_stream($s) if $s->{stream} && !$s->{up} && !($s->{is_net} && $s->{persist} eq 'keep' && $s->{pid});
	count_lost($s);
	watch_stream($s);
	return if !$s->{up};
	$s->{second} = 0;
	ping($s) if $s->{is_net} && time > $s->{up_at} + 1;
	open_stream($s) if !$s->{stream} && time > $s->{up_at} + 1;
	fill_stream($s) if $s->{stream};
}

# ---- what to read

sub handle { return $udp }
1;

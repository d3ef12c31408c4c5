#!/bin/sh

# A web server that does not close its end of a connection holds no thread.

. "${0%/*}/lib.sh"

start_lighttpd

# A request as lighttpd makes it, but without the rest of lighttpd: when the
# answer has ended, whether the responder still listens to us.
cat >linger.pl <<'END'
use Socket;
my $address = shift;
sub record { pack("CCnnCx", 1, $_[0], 1, length $_[1], 0) . $_[1] }
sub param { pack("CC", length $_[0], length $_[1]) . $_[0] . $_[1] }

$SIG{PIPE} = "IGNORE";
socket my $socket, AF_UNIX, SOCK_STREAM, 0 or die "socket: $!";
connect $socket, sockaddr_un($address) or die "$address: $!";
syswrite $socket, record(1, pack "nCx5", 1, 0) .
	record(4, param("REQUEST_METHOD", "GET") . param("REQUEST_URI", "/oyster/signer")) .
	record(4, "") . record(5, "") or die "request: $!";
my $answer = "";
1 while sysread $socket, $answer, 4096, length $answer;
die "no answer" unless $answer =~ /Status: 200/;
die "the responder waits for us to close" if defined syswrite $socket, "x";
END

test_expect_success 'the connection is gone with the last byte of the answer' '
	for i in 1 2 3 4 5
	do
		perl linger.pl "$OYSTER_RUN_DIR/responder-0" || return 1
	done
'

test_done

#!/bin/sh

# A client that goes away while the model works.  lighttpd passes that on for
# a request whose body came behind its headers, and seldom for one that came
# in a single read; OYSTER_TIMEOUT is the bound for those.

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"

OYSTER_TIMEOUT=600
OYSTER_THREADS=8
OYSTER_MAX_INFLIGHT=8
export OYSTER_TIMEOUT OYSTER_THREADS OYSTER_MAX_INFLIGHT

start_model
start_lighttpd

# leave_behind NUMBER MODEL: as many clients, whose bodies come behind
# their headers, all gone after a second.
leave_behind() {
	perl -MIO::Socket::INET -e '
		my ($number, $model) = @ARGV;
		my $body = qq({"model":"$model","prompt":"canary-gone"});
		my @clients = map {
			IO::Socket::INET->new("127.0.0.1:$ENV{PORT}") or die
		} 1 .. $number;
		for (@clients) {
			syswrite $_, "POST /api/generate HTTP/1.1\r\nHost: x\r\n" .
				"Content-Length: " . length($body) . "\r\n\r\n";
		}
		sleep 1;
		syswrite $_, $body for @clients;
		sleep 1;' "$@"
}

test_expect_success 'the transfer of a client that is gone is dropped' '
	leave_behind 8 slow-60000 &&
	wait_for 30 model_counts aborted 8 &&
	model_counts waiting 0
'

test_expect_success 'others are served meanwhile' '
	ask llama3.2 &&
	status 200 &&
	signed
'

stop_lighttpd
OYSTER_TIMEOUT=4
start_lighttpd

# leave NUMBER MODEL: as many clients, all gone after 0.4 s.
leave() {
	clients=
	for client in $(seq "$1")
	do
		curl -q -s --noproxy '*' -m 0.4 -o /dev/null \
			-d "{\"model\":\"$2\",\"prompt\":\"canary-gone$client\"}" \
			"$URL/api/generate" &
		clients="$clients $!"
	done
	for client in $clients
	do
		wait "$client"
		test $? = 28 || return 1
	done
}

test_expect_success 'all are dropped at OYSTER_TIMEOUT at the latest' '
	leave 14 stall-head &&
	wait_for 30 model_counts waiting 0
'

test_expect_success 'then every thread is free' '
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
	do
		mkdir $i && (cd $i && ask slow-500) &
	done
	wait
	cat ?/status ??/status | sort | uniq -c &&
	test "$(cat ?/status ??/status | sort -u)" = 200
'

test_expect_success 'a client that leaves in the middle of its request' '
	perl -MIO::Socket::INET -e "
		for (1 .. 20) {
			my \$lighttpd = IO::Socket::INET->new(\"127.0.0.1:\$ENV{PORT}\") or die;
			print \$lighttpd \"POST /api/generate HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\";
			close \$lighttpd;
		}" &&
	before=$(model_count requests) &&
	ask llama3.2 &&
	signed &&
	model_counts requests $((before + 1))
'

test_expect_success 'a client that takes nothing of a large answer' '
	perl -MIO::Socket::INET -e "
		my \$body = q({\"model\":\"huge-9000000\",\"prompt\":\"p\"});
		for (1 .. 4) {
			my \$lighttpd = IO::Socket::INET->new(\"127.0.0.1:\$ENV{PORT}\") or die;
			print \$lighttpd \"POST /api/generate HTTP/1.1\r\nHost: x\r\nContent-Length: \",
				length \$body, \"\r\n\r\n\$body\";
			push @them, \$lighttpd;
		}
		sleep 1;" &&
	for i in 1 2 3 4 5 6 7 8
	do
		ask llama3.2 && signed || return 1
	done
'

test_done

#!/bin/sh
# shellcheck disable=SC2034	# variables are used in the bodies of tests

# /health, /oyster/signer, and oyster-responder --health, which asks /health.

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"

# A model server that gives every request the same status.
cat >status-server <<\EOF
use IO::Socket::INET;
my $server = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 9) or die;
open my $file, ">", "status.new" or die;
print $file $server->sockport;
close $file;
rename "status.new", "status.port";
while (my $client = $server->accept) {
	while (<$client>) { last if /^\r?$/ }
	print $client "HTTP/1.1 $ARGV[0] x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
}
EOF

start_model
start_lighttpd

health() {
	"$B/oyster-responder" --health >said 2>err
}

is_ok() {
	fetch GET /health &&
	status 200 &&
	unsigned &&
	test "$(header content-type)" = 'application/json; charset=utf-8' &&
	test "$(header cache-control)" = no-store &&
	printf '{"status":"ok","upstream":"ok"}\n' | cmp - body &&
	health &&
	cmp body said
}

is_not() {
	fetch GET /health &&
	status 503 &&
	unsigned &&
	test "$(header content-type)" = 'application/json; charset=utf-8' &&
	error_is "$1" || return 1
	health
	test $? = 1 &&
	cmp body said
}

# head_of PATH CODE: as of a GET, without the body.
head_of() {
	fetch GET "$1" &&
	status "$2" &&
	header content-length >get.length &&
	fetch HEAD "$1" &&
	status "$2" &&
	unsigned &&
	header content-length | cmp get.length - &&
	test "$(header content-type)" = 'application/json; charset=utf-8' &&
	test ! -s body
}

test_expect_success 'all is well: 200, and status 0' is_ok

test_expect_success 'HEAD /health' 'head_of /health 200'

test_expect_success 'a query is ignored' '
	fetch GET "/health?verbose=1" &&
	status 200
'

test_expect_success 'the model is asked for nothing but its version' '
	grep -ax "GET /api/version 0" model.log &&
	! grep -a generate model.log
'

test_expect_success '/oyster/signer shows address and public key' '
	fetch GET /oyster/signer &&
	status 200 &&
	unsigned &&
	test "$(header content-type)" = "application/json; charset=utf-8" &&
	printf "{\"address\":\"%s\",\"public_key\":\"0x%s\"}\n" \
		"$("$B/oyster-key" address "$KEY_FILE")" \
		"$("$B/oyster-key" public "$KEY_FILE")" >want &&
	cmp want body
'

test_expect_success 'HEAD /oyster/signer' 'head_of /oyster/signer 200'

test_expect_success 'a model server that hangs: 503 after two seconds' '
	kill -s STOP "$(server_pid model)" &&
	date +%s%N >began &&
	is_not "the model server does not answer"
	result=$?
	date +%s%N >ended
	kill -s CONT "$(server_pid model)"
	took=$((($(cat ended) - $(cat began)) / 1000000))
	echo "twice: $took ms"
	test $result = 0 && test $took -gt 3500 && test $took -lt 6000
'

# Four of each responder ask; with 32 threads, all others would else hang too.
test_expect_success 'many at once do not all ask a model server that hangs' '
	kill -s STOP "$(server_pid model)" &&
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
	do
		mkdir -p "many$i"
		(cd "many$i" && fetch GET /health) &
	done &&
	wait
	kill -s CONT "$(server_pid model)" &&
	cat many*/status | sort -u | grep -x 503 &&
	for i in many*
	do
		! grep -q "too many requests" "$i/body" || { ls "$i" && exit 0; }
	done &&
	false
'

test_expect_success 'and well again' is_ok

stop_model

test_expect_success 'no model server: 503, and status 1' '
	is_not "the model server does not answer" &&
	head_of /health 503
'

test_expect_success '/oyster/signer needs no model server' '
	fetch GET /oyster/signer &&
	status 200
'

for code in 404 500 503 302
do
	test_expect_success "a model server that answers $code: 503" '
		rm -f status.port &&
		start_server code perl status-server $code &&
		wait_for 5 test -s status.port &&
		(
			stop_lighttpd
			OYSTER_UPSTREAM=http://127.0.0.1:$(cat status.port) start_lighttpd
		) &&
		OYSTER_PORT=$(sed -n "s/^export .OYSTER_PORT=\([0-9]*\).*/\1/p" "$TRASH/.vars") &&
		export OYSTER_PORT URL="http://127.0.0.1:$OYSTER_PORT" &&
		is_not "the model server does not answer"
		result=$?
		stop_server code
		return $result
	'
done

test_expect_success 'nobody at the port: status 1, and it says where nobody is' '
	stop_lighttpd &&
	! health &&
	test ! -s said &&
	test "$(cat err)" = "oyster-responder: no answer from $URL/health"
'

# --- a signer that hangs ---

is_gone() {
	test -z "$(test_processes '' "$1")"
}

start_model
start_lighttpd

# Whether the requests of then fail or are tried again is lighttpd's affair.
test_expect_success 'signers that hang are given up, gone, and replaced' '
	signers=$(for pid in $(test_processes "" "$(server_pid lighttpd)")
		do
			! grep -qx oyster-signer "/proc/$pid/comm" || echo "$pid"
		done) &&
	kill -s STOP $signers &&
	{ mkdir a && (cd a && fetch GET /health) & } &&
	{ mkdir b && (cd b && ask llama3.2) & } &&
	wait &&
	(cd a && { status 200 || status 503 || status 500; }) &&
	(cd b && { status 200 || { status 500 && unsigned; }; }) &&
	wait_for 15 is_ok &&
	ask llama3.2 &&
	status 200 &&
	signed &&
	for pid in $signers
	do
		wait_for 2 is_gone "$pid" || return 1
	done
'

test_done

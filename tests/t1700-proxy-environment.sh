#!/bin/sh

# A proxy in the environment must never see a prompt.

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"

# Notes each connection.
cat >proxy <<\EOF
use IO::Socket::INET;
$| = 1;
my $server = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 9) or die;
print $server->sockport, "\n";
while (my $client = $server->accept) {
	print "connection\n";
}
EOF

start_server proxy perl proxy >proxy.out 2>&1
wait_for 10 test -s proxy.out
proxy=http://127.0.0.1:$(head -n 1 proxy.out)

# In the environment of everything from here on.
for name in http_proxy HTTP_PROXY https_proxy HTTPS_PROXY all_proxy ALL_PROXY
do
	export "$name=$proxy"
done
unset no_proxy NO_PROXY

proxy_saw() {
	test "$(grep -c connection proxy.out)" = "$1"
}

# As shipped, responders do not even see these; here they do.
sed 's/^.*"OYSTER_KEY_FILE",.*$/&\n"http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY",/' \
	"$TOP/conf/lighttpd.conf" >seen.conf

start_model
start_lighttpd "$TRASH/seen.conf"

test_expect_success 'the proxy is one that curl would use' '
	! curl -q -sS -m 1 "$MODEL_URL/api/version" &&
	proxy_saw 1
'

test_expect_success 'the responders have it in their environment' '
	grep -q http_proxy seen.conf &&
	for pid in $(test_processes "" "$(server_pid lighttpd)")
	do
		tr "\0" "\n" <"/proc/$pid/environ" | grep -x "http_proxy=$proxy" || return 1
	done
'

test_expect_success 'a prompt goes to the model and nowhere else' '
	ask llama3.2 &&
	status 200 &&
	signed &&
	post -d "{\"model\":\"llama3.2\",\"prompt\":\"hi\",\"system\":\"s\"}" &&
	status 200
'

test_expect_success 'so does /health, and so it is asked' '
	fetch GET /health &&
	status 200 &&
	"$B/oyster-responder" --health
'

test_expect_success 'as a CGI program, too, where a Proxy header would be HTTP_PROXY' '
	printf "{\"model\":\"llama3.2\"}" >load &&
	REQUEST_METHOD=POST REQUEST_URI=/api/generate CONTENT_LENGTH=$(wc -c <load) \
		"$B/oyster-responder" <load >answer &&
	grep -a "^Status: 200" answer
'

test_expect_success 'not even when the model server is gone' '
	stop_model &&
	ask llama3.2 &&
	status 502 &&
	fetch GET /health &&
	status 503
'

test_expect_success 'the proxy saw nothing of all this' '
	proxy_saw 1
'

stop_server proxy

test_done

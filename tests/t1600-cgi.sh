#!/bin/sh

# The responder as a plain CGI program (RFC 3875): from a shell, and under
# lighttpd's mod_cgi.

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"

start_model

mkdir -p htdocs/api htdocs/oyster
for path in api/generate oyster/signer health
do
	ln -s "$B/oyster-responder" "htdocs/$path"
done

cat >cgi.conf <<EOF
server.modules = ("mod_cgi", "mod_setenv")
server.document-root = "$TRASH/htdocs"
server.bind = "127.0.0.1"
server.port = env.OYSTER_PORT
cgi.assign = ("" => "")
setenv.add-environment = (
	"OYSTER_KEY_FILE" => env.OYSTER_KEY_FILE,
	"OYSTER_UPSTREAM" => env.OYSTER_UPSTREAM,
	"OYSTER_TIMEOUT" => "2"
)
EOF

# cgi METHOD TARGET FILE [VARIABLE=VALUE...]: from a shell, with the variables
# that a server would set.  The answer is kept like that of a server.
cgi() {
	test_claim
	printf '%s\n' "$1" >"$test_here.method"
	printf '%s\n' "$2" >"$test_here.path"
	: >"$test_here.sent"
	cp "$3" "$test_here.request"
	shift 3
	env -i OYSTER_KEY_FILE="$KEY_FILE" OYSTER_UPSTREAM="$OYSTER_UPSTREAM" \
		GATEWAY_INTERFACE=CGI/1.1 SERVER_PROTOCOL=HTTP/1.1 \
		SERVER_NAME=localhost SERVER_PORT=80 REMOTE_ADDR=127.0.0.1 \
		REQUEST_METHOD="$(cat "$test_here.method")" \
		REQUEST_URI="$(cat "$test_here.path")" \
		CONTENT_LENGTH="$(wc -c <"$test_here.request")" "$@" \
		"$B/oyster-responder" <"$test_here.request" >answer || return 1
	perl -0777 -ne '
		my ($head, $body) = split /\r\n\r\n/, $_, 2;
		sub keep { open my $file, ">", $_[0]; print $file $_[1] }
		keep("status", $head =~ /^Status: (\d+)/);
		keep("headers", "$head\r\n");
		keep("body", $body);' answer
	for kind in headers body status
	do
		cp "$kind" "$test_here.$kind"
	done
}

printf '{"model":"llama3.2","prompt":"canary-cgi"}' >hi

test_expect_success 'from a shell: a signed answer' '
	cgi POST /api/generate hi &&
	status 200 &&
	signed &&
	test "$(header content-type)" = "application/json; charset=utf-8" &&
	test "$(header content-length)" = "$(wc -c <body)" &&
	grep "you said: canary-cgi" body
'

test_expect_success 'from a shell: errors, all with exit status 0' '
	printf "{}" >empty-object &&
	cgi POST /api/generate empty-object &&
	status 400 &&
	error_is "model is missing" &&
	unsigned &&
	cgi GET /api/generate /dev/null &&
	status 405 &&
	test "$(header allow)" = POST &&
	cgi POST /nowhere hi &&
	status 404 &&
	printf "{\"model\":\"garbage\",\"prompt\":\"p\"}" >garbage &&
	cgi POST /api/generate garbage &&
	status 502 &&
	unsigned
'

test_expect_success 'from a shell: the other paths' '
	cgi GET /oyster/signer /dev/null &&
	status 200 &&
	grep "^{\"address\":\"0x1a642f0e3c3af545e7acbd38b07251b3990914f1\"" body &&
	cgi GET /health /dev/null &&
	status 200
'

test_expect_success 'CONTENT_LENGTH alone says where the body ends' '
	cat hi hi >two &&
	cgi POST /api/generate two CONTENT_LENGTH="$(wc -c <hi)" &&
	cp hi "$test_here.request" &&
	status 200 &&
	signed &&
	cgi POST /api/generate hi CONTENT_LENGTH=9999 &&
	status 400 &&
	error_is "the request body is shorter than announced" &&
	cgi POST /api/generate hi CONTENT_LENGTH= &&
	: >"$test_here.request" &&
	status 400 &&
	error_is "the request has no body" &&
	cgi POST /api/generate hi CONTENT_LENGTH=99999999999 &&
	status 413
'

test_expect_success 'it does not wait for the end of its input' '
	mkfifo pipe &&
	exec 3<>pipe &&
	cat hi >&3 &&
	timeout 10 env -i OYSTER_KEY_FILE="$KEY_FILE" OYSTER_UPSTREAM="$OYSTER_UPSTREAM" \
		REQUEST_METHOD=POST REQUEST_URI=/api/generate \
		CONTENT_LENGTH="$(wc -c <hi)" "$B/oyster-responder" <pipe >answer &&
	grep -a "^Status: 200" answer
'

# REQUEST_URI is usual, but no variable of RFC 3875.
test_expect_success 'a server that sets SCRIPT_NAME and PATH_INFO alone' '
	for name in "SCRIPT_NAME=/api/generate" \
		"SCRIPT_NAME=/api/generate PATH_INFO= QUERY_STRING=a=b" \
		"SCRIPT_NAME=/cgi-bin/oyster-responder PATH_INFO=/api/generate" \
		"SCRIPT_NAME= PATH_INFO=/api/generate"
	do
		timeout 10 env -i OYSTER_KEY_FILE="$KEY_FILE" \
			OYSTER_UPSTREAM="$OYSTER_UPSTREAM" REQUEST_METHOD=POST $name \
			CONTENT_LENGTH="$(wc -c <hi)" "$B/oyster-responder" <hi >answer &&
		grep -a "^Status: 200" answer || { echo "$name" && cat answer; return 1; }
	done
'

test_expect_success 'a bad key or setting: exit status 1, nothing on standard output' '
	! cgi POST /api/generate hi OYSTER_KEY_FILE=/missing &&
	test ! -s answer &&
	! cgi POST /api/generate hi OYSTER_TIMEOUT=x &&
	test ! -s answer
'

test_expect_success 'SIGTERM ends it, and its signer' '
	printf "{\"model\":\"slow-20000\",\"prompt\":\"p\"}" >slow &&
	start_server cgi env -i OYSTER_KEY_FILE="$KEY_FILE" OYSTER_UPSTREAM="$OYSTER_UPSTREAM" \
		REQUEST_METHOD=POST REQUEST_URI=/api/generate \
		CONTENT_LENGTH="$(wc -c <slow)" sh -c "exec \"\$0\" <slow" "$B/oyster-responder" &&
	wait_for 5 model_counts waiting 1 &&
	kill -s TERM "$(server_pid cgi)" &&
	wait_for 3 server_is_gone cgi
'

server_is_gone cgi || stop_server cgi KILL >/dev/null

# --- under mod_cgi ---

start_lighttpd "$TRASH/cgi.conf"

test_expect_success 'mod_cgi: a signed answer' '
	post -d "{\"model\":\"llama3.2\",\"prompt\":\"hi\"}" &&
	status 200 &&
	signed &&
	test "$(header content-type)" = "application/json; charset=utf-8" &&
	test "$(header content-length)" = "$(wc -c <body)"
'

test_expect_success 'mod_cgi: two lines for a stream' '
	post -d "{\"model\":\"llama3.2\",\"prompt\":\"hi\",\"stream\":true}" &&
	status 200 &&
	signed &&
	test "$(header content-type)" = application/x-ndjson
'

test_expect_success 'mod_cgi: a megabyte, in chunks and not' '
	{
		printf "{\"model\":\"m\",\"prompt\":\"" &&
		head -c 1048576 /dev/zero | tr "\0" x &&
		printf "\"}"
	} >big &&
	for framing in "X: y" "Transfer-Encoding: chunked"
	do
		post big -H "$framing" &&
		status 200 &&
		signed &&
		test "$(wc -c <body)" -gt 1048576 || return 1
	done
'

test_expect_success 'mod_cgi: errors' '
	post -d "{" &&
	status 400 &&
	unsigned &&
	ask nope &&
	status 404 &&
	unsigned &&
	error_is "model '\''nope'\'' not found" &&
	ask stall &&
	status 504 &&
	unsigned &&
	fetch GET /api/generate &&
	status 405 &&
	test "$(header allow)" = POST
'

test_expect_success 'mod_cgi: the other paths' '
	fetch GET /health &&
	status 200 &&
	fetch HEAD /oyster/signer &&
	status 200
'

test_expect_success 'mod_cgi: sixteen at once' '
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
	do
		mkdir $i && (cd $i && ask slow-300) &
	done
	wait
	test "$(cat ?/status ??/status | sort -u)" = 200
'

test_done

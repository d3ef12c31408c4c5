#!/bin/sh
# shellcheck disable=SC2034	# variables are used in the bodies of tests

# Whatever the model server does wrong is an error with a status and a
# sentence, unsigned, and does no harm to the next request.

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"

OYSTER_MAX_REPLY=110000
OYSTER_THREADS=2
OYSTER_MAX_INFLIGHT=2
export OYSTER_MAX_REPLY OYSTER_THREADS OYSTER_MAX_INFLIGHT

start_model
start_lighttpd

json='application/json; charset=utf-8'

# fails_with CODE TEXT: and the next request is served.
fails_with() {
	status "$1" &&
	error_is "$2" &&
	unsigned &&
	test "$(header content-type)" = "$json" &&
	test "$(header content-length)" = "$(wc -c <body)" &&
	test "$(header cache-control)" = no-store &&
	! header location &&
	ask llama3.2 &&
	status 200 &&
	signed
}

# model, status, sentence
while IFS='|' read -r model code text
do
	test_expect_success "$model: $code, $text" '
		ask "$model" &&
		fails_with "$code" "$text"
	'
done <<\EOF
nope|404|model 'nope' not found
status-400|400|practice status 400
status-404|404|practice status 404
status-500|500|practice status 500
status-503|503|server busy, please try again.  maximum pending requests exceeded
status-400-text|400|the model server answered with an error that it did not explain
status-404-text|404|the model server answered with an error that it did not explain
status-500-text|500|the model server answered with an error that it did not explain
status-503-text|503|the model server answered with an error that it did not explain
status-400-big|400|the model server answered with an error that it did not explain
status-400-empty|400|the model server answered with an error that it did not explain
status-404-big|404|the model server answered with an error that it did not explain
status-404-empty|404|the model server answered with an error that it did not explain
status-500-big|500|the model server answered with an error that it did not explain
status-500-empty|500|the model server answered with an error that it did not explain
status-503-empty|503|the model server answered with an error that it did not explain
status-500-good|500|the model server answered with an error that it did not explain
status-201|502|status 201 came from the model server and is not passed on
status-201-good|502|status 201 came from the model server and is not passed on
status-204|502|status 204 came from the model server and is not passed on
status-206-good|502|status 206 came from the model server and is not passed on
status-301|502|status 301 came from the model server and is not passed on
status-302|502|status 302 came from the model server and is not passed on
status-302-good|502|status 302 came from the model server and is not passed on
status-304|502|status 304 came from the model server and is not passed on
status-307|502|status 307 came from the model server and is not passed on
status-308-good|502|status 308 came from the model server and is not passed on
status-401|502|status 401 came from the model server and is not passed on
status-401-good|502|status 401 came from the model server and is not passed on
status-403|502|status 403 came from the model server and is not passed on
status-403-empty|502|status 403 came from the model server and is not passed on
status-407|502|status 407 came from the model server and is not passed on
status-413|502|status 413 came from the model server and is not passed on
status-418|502|status 418 came from the model server and is not passed on
status-429|502|status 429 came from the model server and is not passed on
status-502|502|status 502 came from the model server and is not passed on
status-599-good|502|status 599 came from the model server and is not passed on
switch|502|status 101 came from the model server and is not passed on
reset|502|the model server's reply was cut off
cut-0|502|the model server's reply was cut off
cut-1|502|the model server's reply was cut off
cut-100|502|the model server's reply was cut off
cut-200|502|the model server's reply was cut off
cut-chunked-0|502|the model server's reply was cut off
cut-chunked-1|502|the model server's reply was cut off
cut-chunked-200|502|the model server's reply was cut off
cut-chunked-99999|502|the model server's reply was cut off
long-length|502|the model server's reply was cut off
http09|502|the model server's reply was cut off
no-colon|502|the model server's reply was cut off
transfer-junk|502|the model server's reply was cut off
endless|502|the model server's reply is larger than OYSTER_MAX_REPLY
huge-110000|502|the model server's reply is larger than OYSTER_MAX_REPLY
huge-9000000|502|the model server's reply is larger than OYSTER_MAX_REPLY
garbage|502|byte 0 of the model server's reply is not JSON
empty|502|byte 0 of the model server's reply is not JSON
bom|502|byte 0 of the model server's reply is not JSON
gzip|502|byte 0 of the model server's reply is not JSON
array|502|the model server's reply is not a JSON object
wrong-model|502|model is another in the model server's reply than in the request
no-model|502|model is missing from the model server's reply
not-done|502|done is not true in the model server's reply
odd-done|502|done has the wrong type in the model server's reply
no-done|502|done is missing from the model server's reply
no-response|502|response is missing from the model server's reply
null-response|502|response has the wrong type in the model server's reply
dup-response|502|response is twice in the model server's reply
bad-context|502|context has the wrong type in the model server's reply
bad-context-string|502|context has the wrong type in the model server's reply
bad-context-fraction|502|context has the wrong type in the model server's reply
bad-context-negative|502|context has the wrong type in the model server's reply
bad-context-text|502|context has the wrong type in the model server's reply
remote-host|502|remote_host is set in the model server's reply
remote-model|502|remote_model is set in the model server's reply
error-200|502|error is set in the model server's reply
error-200-only|502|error is set in the model server's reply
EOF

# Where the culprit stands depends on the length of a time.
for model in trailing ndjson bad-utf8 lone-surrogate short-length
do
	test_expect_success "$model: 502, not JSON" '
		ask $model &&
		grep -E "byte [0-9]+ of the model server.s reply is not JSON" body &&
		sed "s/^{\"error\":\"//; s/\"}$//" body >text &&
		fails_with 502 "$(cat text)"
	'
done

for model in two-lengths junk-length big-head-70000
do
	test_expect_success "$model: an error" '
		ask $model &&
		status 502 &&
		unsigned &&
		ask llama3.2 &&
		signed
	'
done

# The JSON may even be whole, and only the last chunk missing.
test_expect_success 'cut near its end, a reply is never signed' '
	printf "{\"model\":\"cut-chunked:n\",\"prompt\":\"hi\",\"stream\":false}" >asked &&
	length=$(ask_directly asked | wc -c) &&
	for more in 4 3 2 1 0 -1 -2 -3 -4 -5 -6 -7 -8 -9 -10 -11 -12 -13 -14 -15 -16
	do
		ask cut-chunked-$((length + 2 + more)) &&
		status 502 &&
		error_is "the model server'\''s reply was cut off" &&
		unsigned || return 1
	done
'

test_expect_success 'every misbehaviour of the practice model was tried, here or elsewhere' '
	"$B/practice-model" --help >help &&
	sed -n "s/^  \([a-z][^ ,]*\)[, ].*/\1/p" help | grep -vx anything |
		sed "s/[A-Z][A-Z]*/[0-9]*/g" >patterns &&
	test "$(wc -l <patterns)" -gt 60 &&
	while read -r pattern
	do
		grep -qrwE -e "$pattern" "$TESTS"/t1[01]*.sh || { echo "$pattern"; return 1; }
	done <patterns
'

# --- a model server that is not there ---

test_expect_success 'a model server that ends in the middle: 502' '
	ask abort &&
	status 502 &&
	error_is "the model server'\''s reply was cut off" &&
	unsigned
'

test_expect_success 'a model server that is not there: 502' '
	ask llama3.2 &&
	status 502 &&
	error_is "the model server cannot be reached" &&
	unsigned &&
	test "$(header content-type)" = "$json"
'

test_expect_success 'a request that is refused needs no model server' '
	post -d "{}" &&
	status 400
'

test_expect_success 'a model server that is back is used at once' '
	stop_server model
	start_model -p "${MODEL_URL##*:}" &&
	ask llama3.2 &&
	status 200 &&
	signed
'

test_done

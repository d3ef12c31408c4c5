#!/bin/sh

# POST /api/generate with a model that behaves: its bytes, signed.

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"

start_model
start_lighttpd

timeless() {
	sed 's/"created_at": *"[^"]*"/"created_at":""/' "$1"
}

# Apart from the time, when the model is asked the same directly.
as_the_model_says() {
	model_got >asked &&
	ask_directly asked >said &&
	timeless said >want &&
	timeless body >got &&
	cmp want got
}

test_expect_success 'a prompt is answered with the bytes of the model, signed' '
	post -d "{\"model\":\"llama3.2\",\"prompt\":\"Why is the sky blue? canary-1000\"}" &&
	status 200 &&
	signed &&
	as_the_model_says
'

test_expect_success 'the timestamp is now, in seconds' '
	header x-oyster-timestamp >stamp &&
	test $(($(date +%s) - $(cat stamp))) -ge 0 &&
	test $(($(date +%s) - $(cat stamp))) -lt 5
'

test_expect_success 'the signature is 65 bytes of lower-case hex ending in 1b or 1c' '
	header x-oyster-signature >sig &&
	grep -xE "[0-9a-f]{128}1[bc]" sig
'

# Date is lighttpd's.
only_our_headers() {
	sed -n 's/:.*//p' headers | sort >names &&
	printf '%s\n' Date cache-control content-digest content-length content-type \
		signature signature-input x-oyster-request-digest \
		x-oyster-signature x-oyster-timestamp >want &&
	diff want names
}

test_expect_success 'the headers are ours, in lower case, and no others' '
	only_our_headers &&
	test "$(header content-type)" = "application/json; charset=utf-8" &&
	test "$(header cache-control)" = no-store &&
	test "$(header content-length)" = "$(wc -c <body)"
'

test_expect_success 'not a header of the model comes through, whatever it sends' '
	for model in headers odd-headers big-head-9000 interim
	do
		ask $model &&
		status 200 &&
		signed &&
		only_our_headers &&
		as_the_model_says || return 1
	done
'

# Asking directly gives the same bytes again, however odd they are.
for model in thinking logprobs escapes no-metrics few-metrics odd-metrics \
	no-context null-context empty-context spaced-context pretty newline \
	chunked-1 chunked-7 no-length status-200-good slow-200 \
	llama3.2 llama3.2:1b registry.example/library/llama:latest
do
	test_expect_success "$model: unchanged and signed" '
		ask $model &&
		status 200 &&
		signed &&
		as_the_model_says
	'
done

test_expect_success 'an empty prompt loads the model, signed' '
	for json in "{\"model\":\"llama3.2\"}" \
		"{\"model\":\"llama3.2\",\"prompt\":\"\"}" \
		"{\"model\":\"llama3.2\",\"prompt\":null}"
	do
		post -d "$json" &&
		status 200 &&
		signed &&
		grep "\"response\":\"\",\"done\":true,\"done_reason\":\"load\"}$" body &&
		as_the_model_says || return 1
	done
'

test_expect_success 'a conversation goes on with the context' '
	post -d "{\"model\":\"llama3.2\",\"prompt\":\"a\"}" &&
	grep -o "\"context\":\[[0-9,]*\]" body >context &&
	post -d "{\"model\":\"llama3.2\",\"prompt\":\"b\",$(cat context)}" &&
	signed &&
	grep "$(sed "s/\[/\\\\[/; s/\]/,/" context)" body &&
	as_the_model_says
'

# In both directions: the practice model repeats the prompt.  2 KB is where
# replies begin to be chunked, 64 KB where lighttpd begins to use files.
for size in 1900 2100 65000 66000 1048576 3000000
do
	test_expect_success "a prompt and an answer of $size bytes" '
		{
			printf "{\"model\":\"llama3.2\",\"prompt\":\""
			head -c $size /dev/zero | tr "\0" x
			printf "\"}"
		} >big &&
		post big &&
		status 200 &&
		signed &&
		test "$(header content-length)" = "$(wc -c <body)" &&
		test "$(wc -c <body)" -gt $size &&
		as_the_model_says
	'
done

test_expect_success 'an answer that is much longer than the prompt' '
	ask huge-5000000 &&
	status 200 &&
	signed &&
	as_the_model_says
'

test_expect_success 'a large answer that cannot be signed holds up no other' '
	for n in 1 2 3
	do
		ask huge-not-done-200000 &&
		status 502 &&
		unsigned &&
		ask huge-200000 &&
		status 200 &&
		signed &&
		as_the_model_says &&
		post -d "{\"model\":\"huge-200000\",\"prompt\":\"hi\",\"stream\":true}" &&
		status 200 &&
		signed || return 1
	done
'

test_expect_success 'strings are bytes, in whatever spelling' '
	cat >odd <<-\EOF &&
	{ "model" : "llam\u0061", "prompt":"\u0000 caf\u00e9 \ud83e\udd80 \"q\" \\ \/ \b\f\n\r\t é🦀 <&> \u2028 \u007f \u0000",
	  "context":[ 1 ,
	  2 ], "unknown":{"a":[1.5e3,null]} }
	EOF
	post odd &&
	status 200 &&
	signed &&
	as_the_model_says
'

test_expect_success 'a query is ignored and goes no further' '
	printf "{\"model\":\"llama3.2\",\"prompt\":\"hi\"}" >hi &&
	for query in "?" "?stream=true" "?a=b&prompt=x" "?%3f"
	do
		fetch POST "/api/generate$query" --data-binary @hi &&
		status 200 &&
		signed &&
		as_the_model_says &&
		grep "^POST /api/generate HTTP/1.1" "$TRASH/model.last" || return 1
	done
'

test_expect_success 'the content type of a request is not looked at' '
	for type in application/json text/plain "multipart/form-data; boundary=x" ""
	do
		ask llama3.2 -H "Content-Type: $type" &&
		status 200 &&
		signed || return 1
	done
'

test_expect_success 'a body in chunks, and one behind 100 Continue' '
	ask llama3.2 -H "Transfer-Encoding: chunked" &&
	signed &&
	as_the_model_says &&
	ask llama3.2 -H "Expect: 100-continue" &&
	signed &&
	as_the_model_says
'

test_expect_success 'an HTTP/1.0 client' '
	ask llama3.2 --http1.0 &&
	status 200 &&
	signed &&
	as_the_model_says
'

test_expect_success 'no part of an answer can be asked for' '
	ask llama3.2 -H "Range: bytes=0-9" -H "If-Range: x" &&
	status 200 &&
	signed &&
	as_the_model_says
'

test_expect_success 'one connection serves many requests, of every kind' '
	set -- -sS -m 20 --noproxy "*" -o /dev/null -w "%{http_code} %{num_connects}\n" &&
	curl -q "$@" -d "{\"model\":\"llama3.2\"}" "$URL/api/generate" \
		--next "$@" -d "not json" "$URL/api/generate" \
		--next "$@" "$URL/nowhere" \
		--next "$@" "$URL/oyster/signer" >codes &&
	printf "%s\n" "200 1" "400 0" "404 0" "200 0" >want &&
	diff want codes
'

test_done

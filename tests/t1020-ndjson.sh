#!/bin/sh

# "stream":true is answered with two lines: all of the text in the first, the
# model's own final object, without the text, in the second.

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"

start_model
start_lighttpd

stream() {
	post -d "{\"model\":\"$1\",\"prompt\":\"hi\",\"stream\":true}"
}

timeless() {
	sed 's/"created_at": *"[^"]*"/"created_at":""/g' "$1"
}

test_expect_success 'two lines, of which the first has the text' '
	stream llama3.2 &&
	status 200 &&
	signed &&
	timeless body >got &&
	cat >want <<-\EOF &&
	{"model":"llama3.2","created_at":"","response":"practice: you said: hi","done":false,"context":[1104,1105,65130,28682]}
	{"model":"llama3.2","created_at":"","response":"","done":true,"done_reason":"stop","context":[1104,1105,65130,28682],"total_duration":432726730,"load_duration":9498328,"prompt_eval_count":4,"prompt_eval_duration":311000000,"eval_count":24,"eval_duration":111000000}
	EOF
	cmp want got
'

test_expect_success 'the lines have the same time' '
	sed "s/.*\(\"created_at\":\"[^\"]*\"\).*/\1/" body | uniq | wc -l >times &&
	test "$(cat times)" = 1
'

test_expect_success 'the headers say what it is' '
	test "$(header content-type)" = application/x-ndjson &&
	test "$(header content-length)" = "$(wc -c <body)" &&
	test "$(header cache-control)" = no-store
'

# model, what the first line ends in, what the second has in it
while read -r model first second
do
	test_expect_success "$model: two lines and nothing else" "
		stream $model &&
		status 200 &&
		signed &&
		test \$(wc -l <body) = 2 &&
		test \$(tail -c 1 body | wc -l) = 1 &&
		! grep -x '' body &&
		sed -n 1p body >first &&
		sed -n 2p body >second &&
		grep -F '$first' first &&
		grep -F '$second' second &&
		! grep 'practice: you said' second
	"
done <<\EOF
no-context "done":false} "response":"","done":true,"done_reason":"stop"
null-context "done":false} "context":null
empty-context "done":false,"context":[]} "context":[]
spaced-context "done":false,"context":[1,2]} "context":[ 1, 2 ]
pretty "context":[1104,1105,65130,28682]} "response": "",
newline "context":[1104,1105,65130,28682]} "eval_duration":111000000}
no-metrics "context":[1104,1105,65130,28682]} "response":""
odd-metrics "context":[1104,1105,65130,28682]} 1e400
thinking "response":"practice: "response":"","thinking":"practice:
logprobs "done":false "logprobs":[
escapes "response":"\u0000\u0041\ud83e\udd80\/\b\f\n\r\t\"\\\u003c\u2028" "response":"","done":true
huge-70000 "response":"xxxxxx "response":"","done":true
EOF

test_expect_success 'an empty prompt' '
	post -d "{\"model\":\"llama3.2\",\"stream\":true}" &&
	status 200 &&
	signed &&
	timeless body >got &&
	cat >want <<-\EOF &&
	{"model":"llama3.2","created_at":"","response":"","done":false}
	{"model":"llama3.2","created_at":"","response":"","done":true,"done_reason":"load"}
	EOF
	cmp want got
'

test_expect_success 'a field that is not covered: two lines without a signature' '
	post -d "{\"model\":\"llama3.2\",\"prompt\":\"hi\",\"stream\":true,\"system\":\"s\"}" &&
	status 200 &&
	unsigned &&
	test "$(header content-type)" = application/x-ndjson &&
	test "$(wc -l <body)" = 2
'

test_expect_success 'a stream is two lines only when it is asked for' '
	for stream in false null
	do
		post -d "{\"model\":\"llama3.2\",\"prompt\":\"hi\",\"stream\":$stream}" &&
		signed &&
		test "$(header content-type)" = "application/json; charset=utf-8" || return 1
	done
'

test_expect_success 'an error is no stream' '
	for model in status-404 garbage ndjson not-done cut-30
	do
		stream $model &&
		unsigned &&
		test "$(header content-type)" = "application/json; charset=utf-8" &&
		test "$(wc -l <body)" = 1 &&
		grep "^{\"error\":\"" body || return 1
	done &&
	post -d "{\"stream\":true}" &&
	status 400 &&
	test "$(header content-type)" = "application/json; charset=utf-8"
'

test_done

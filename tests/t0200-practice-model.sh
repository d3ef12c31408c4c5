#!/bin/sh

# The practice model by itself: that it answers as Ollama 0.6.0 does, and
# misbehaves as its table says.

. "${0%/*}/lib.sh"

# generate JSON [curl options]: leaves head and body, prints the status;
# fails as curl fails.
generate() {
	json=$1
	shift
	curl -q -s --noproxy '*' -m 3 -D head -o body -w '%{http_code}\n' \
		"$@" -d "$json" "$MODEL_URL/api/generate"
}

# ask MODEL [curl options]
ask() {
	model=$1
	shift
	generate "{\"model\":\"$model\",\"prompt\":\"hi\",\"stream\":false}" "$@"
}

stats() {
	curl -q -s --noproxy '*' -m 3 "$MODEL_URL/oyster/stats"
}

# stats_say PATTERN
stats_say() {
	stats | grep -q "$1"
}

start_model

test_expect_success 'a prompt is answered with one object in the order of the fields' '
	test "$(generate "{\"model\":\"tiny\",\"prompt\":\"hi\",\"stream\":false}")" = 200 &&
	sed "s/\"created_at\":\"[^\"]*\"/\"created_at\":\"\"/" body >plain &&
	printf %s "{\"model\":\"tiny\",\"created_at\":\"\",\"response\":\"practice: you said: hi\"," \
		"\"done\":true,\"done_reason\":\"stop\",\"context\":[1104,1105,65130,28682]," \
		"\"total_duration\":432726730,\"load_duration\":9498328,\"prompt_eval_count\":4," \
		"\"prompt_eval_duration\":311000000,\"eval_count\":24,\"eval_duration\":111000000}" >want &&
	cmp want plain
'

test_expect_success 'the head has the fields of Ollama in their order' '
	ask tiny &&
	tr -d "\r" <head | sed "s/: .*//" >names &&
	printf "%s\n" "HTTP/1.1 200 OK" Content-Type Date Content-Length "" >want &&
	cmp want names &&
	grep -q "^Content-Type: application/json; charset=utf-8" head
'

test_expect_success 'created_at is a time with at most nine digits and no zero at the end' '
	for i in 1 2 3 4 5 6 7 8 9 10
	do
		ask tiny &&
		grep -E "\"created_at\":\"[0-9-]{10}T[0-9:]{8}(\.[0-9]{0,8}[1-9])?Z\"" body || exit
	done
'

test_expect_success 'escapes are decoded, and written as Go writes them' '
	generate "{\"model\":\"tiny\",\"stream\":false,
		\"prompt\":\"\\u0000\\u0041<&>\\u2028\\u001f\\u00e9\\ud83e\\udd80\\ud800\\t\\/\\b\"}" &&
	printf %s "\\u0000A\\u003c\\u0026\\u003e\\u2028\\u001fé🦀�\\t/\\b\",\"done\"" >want &&
	grep -F -f want body
'

test_expect_success 'more than 2048 bytes come in chunks' '
	ask huge-1500 && grep Content-Length head &&
	ask huge-2100 && ! grep Content-Length head && grep "^Transfer-Encoding: chunked" head
'

test_expect_success 'the context goes on from that of the request' '
	generate "{\"model\":\"tiny\",\"prompt\":\"hi\",\"stream\":false,\"context\":[ 7, 128255 ]}" &&
	grep -F "\"context\":[7,128255,1104,1105,65130,28682]" body
'

test_expect_success 'an empty prompt loads, and keep_alive 0 unloads' '
	generate "{\"model\":\"tiny\",\"prompt\":\"\"}" &&
	grep "\"response\":\"\",\"done\":true,\"done_reason\":\"load\"}$" body &&
	generate "{\"model\":\"tiny\",\"keep_alive\":0}" &&
	grep "\"response\":\"\",\"done\":true,\"done_reason\":\"unload\"}$" body
'

test_expect_success 'who does not say stream false gets a stream' '
	generate "{\"model\":\"tiny\",\"prompt\":\"hi\"}" &&
	test $(wc -l <body) = 3 &&
	grep "^Content-Type: application/x-ndjson" head
'

while IFS='|' read -r code json error
do
	test_expect_success "Ollama's $code: $error" "
		test \"\$(generate '$json')\" = $code &&
		printf %s '{\"error\":\"$error\"}' >want &&
		sed \"s/'/./g\" body >plain &&
		cmp want plain
	"
done <<\EOF_CASES
400||missing request body
400|{"model":|unexpected EOF
400|{"model":"tiny","context":[1.5]}|json: cannot unmarshal number 1.5 into Go struct field GenerateRequest.context of type int
400|{"model":"tiny","prompt":"x","suffix":"y"}|registry.ollama.ai/library/tiny:latest does not support insert
404|{"model":"nope","prompt":"x"}|model .nope. not found
404|{"MODEL":"tiny","model":"missing-1"}|model .missing-1. not found
500|{"model":"tiny","prompt":"x","options":{"top_k":"x"}}|option \"top_k\" must be of type integer
EOF_CASES

test_expect_success 'the other paths' '
	test "$(curl -q -s "$MODEL_URL/api/version")" = "{\"version\":\"0.6.0\"}" &&
	test "$(curl -q -s "$MODEL_URL/")" = "Ollama is running" &&
	curl -q -sI "$MODEL_URL/" | grep "^Content-Length: 17" &&
	test "$(curl -q -s "$MODEL_URL/api/chat" -d {})" = "404 page not found"
'

test_expect_success 'what was received is kept, byte by byte' '
	printf "{\"model\":\"tiny\",\"prompt\":\"a\\\\u0000 kept\"}" >sent &&
	curl -q -s -H "X-Kept: yes" --data-binary @sent "$MODEL_URL/api/generate?a=b" &&
	printf "\r\n\r\n" | cat - sent >want &&
	tail -c "$(wc -c <want)" "$TRASH/model.last" | cmp - want &&
	grep "^X-Kept: yes" "$TRASH/model.last" &&
	{ echo "POST /api/generate?a=b $(wc -c <sent)" && cat sent && echo; } >want &&
	tail -c "$(wc -c <want)" "$TRASH/model.log" | cmp - want
'

test_expect_success 'a chunked request and one that expects 100 Continue' '
	ask tiny -H "Transfer-Encoding: chunked" && grep -q "said: hi" body &&
	ask tiny -H "Expect: 100-continue" --expect100-timeout 2 -m 1 && grep -q "said: hi" body
'

# name, status, what curl makes of it, something in head or body
while IFS='|' read -r name code rc text
do
	test_expect_success "$name" "
		ask $name -m 1 --limit-rate 1M >code
		test \$? = $rc &&
		test \$(cat code) = $code &&
		cat head body >all &&
		grep -aF '$text' all
	"
done <<\EOF_NAMES
slow-10|200|0|said: hi
slow-5000|000|28|
stall-head|000|28|
stall|200|28|"model":"stall"
drip|200|28|{
drip-head|000|28|
endless|200|28|xxxxxxxxxxxxxxxxxx
huge-100000|200|0|xxxxxxxxxxxxxxxxxx
cut-0|200|18|Content-Length
cut-20|200|18|{"model":"cut-20","c
cut-chunked-20|200|18|{"model":"cut-chunke
cut-chunked-99999|200|18|"done":true
short-length|200|0|"eval_duration"
long-length|200|18|"eval_duration":111000000}
no-length|200|0|said: hi
chunked-1|200|0|said: hi
reset|000|56|
garbage|200|0|<html>
empty|200|0|Content-Length: 0
trailing|200|0|}{
newline|200|0|111000000}
array|200|0|[{"model"
bom|200|0|{"model"
pretty|200|0|  "done": true,
ndjson|200|0|"done":false
gzip|200|0|Content-Encoding: gzip
wrong-model|200|0|{"model":"another",
not-done|200|0|"done":false
huge-not-done-2000|200|0|"done":false
odd-done|200|0|"done":"true"
no-model|200|0|{"created_at"
no-done|200|0|hi","done_reason"
no-response|200|0|Z","done"
null-response|200|0|"response":null
dup-response|200|0|"response":"again"
no-metrics|200|0|]}
few-metrics|200|0|"eval_count":1}
odd-metrics|200|0|1e400
no-context|200|0|"stop","total
null-context|200|0|"context":null
empty-context|200|0|"context":[]
spaced-context|200|0|"context":[ 1, 2 ]
bad-context|200|0|["1",1.5,-1]
bad-context-string|200|0|["1"]
bad-context-fraction|200|0|[1.5]
bad-context-negative|200|0|[-1]
bad-context-text|200|0|"context":"1"
remote-host|200|0|"remote-host","remote_host":"https:
remote-model|200|0|"remote_model"
error-200|200|0|,"error"
error-200-only|200|0|{"error"
bad-utf8|200|0|"response":"bad
lone-surrogate|200|0|\ud800
escapes|200|0|\u0000\u0041
thinking|200|0|hi","thinking":"
logprobs|200|0|,"logprobs":[
status-302|302|0|Location: /elsewhere
status-401|401|0|"signin_url"
status-403-empty|403|0|Content-Length: 0
status-418|418|0|{"error":"practice status 418"}
status-500-text|500|0|Content-Type: text/plain
status-503|503|0|server busy, please try again.  maximum
status-500-big|500|0|xxxxxxxxxxxxxxxxxxxxx
status-201-good|201|0|said: hi
status-204|204|0|No Content
headers|200|0|X-Sendfile
odd-headers|200|0|Status: 500
no-colon|200|8|Content-Length
big-head-9000|200|0|X-Filler: xxxxxxx
transfer-junk|200|61|junk
two-lengths|200|0|{"mod
junk-length|200|0|Content-Length: 4x
http09|000|1|
interim|200|0|HTTP/1.1 100 Continue
switch|101|0|said: hi
slow-1:tag|200|0|said: hi
EOF_NAMES

# show MODEL: as ask, but what the model is.
show() {
	curl -q -s --noproxy '*' -m 1 -D head -o body -w '%{http_code}\n' \
		-d "{\"model\":\"$1\",\"verbose\":true}" "$MODEL_URL/api/show"
}

# name|status|curl's exit status|text in head or body; generate is as usual
while IFS='|' read -r name status rc text
do
	test_expect_success "/api/show: $name" "
		: >head && : >body
		code=\$(show '$name')
		test \$? = $rc && test \"\$code\" = $status &&
		cat head body >both && { test -z '$text' || grep -F -e '$text' both; } >/dev/null &&
		test \"\$(ask '$name')\" = 200 &&
		grep 'said: hi' body
	"
done <<\EOF_NAMES
tiny|200|0|"tokenizer.ggml.model":"gpt2","tokenizer.ggml.pre":"llama-bpe","tokenizer.ggml.merges":
tiny|200|0|"tokenizer.ggml.tokens":["
show-tokens-2|200|0|"tokenizer.ggml.tokens":["\u003c[\"{,","\u003c[\"{,"]}
show-size-12|200|0|"llama.vocab_size":12,"tokenizer.ggml.model":"gpt2"
show-both-12|200|0|"tokenizer.ggml.merges":["a b","a b","a b"]
show-none|200|0|"tokenizer.ggml.tokens":null}
show-slow-10|200|0|"tokenizer.ggml.tokens":["
show-qwen2-2|200|0|"tokenizer.ggml.pre":"qwen2","tokenizer.ggml.merges"
show-bloom-2|200|0|"tokenizer.ggml.tokens":["letter","Ġand"]}
show-stall|200|28|"tokenizer.ggml
show-cut|200|18|"tokenizer.ggml
show-half|200|0|"tokenizer.ggml
show-garbage|200|0|<html>
show-empty|200|0|Content-Length: 0
show-odd|200|0|"llama.vocab_size":0
show-status-500|500|0|{"error":"practice status 500"}
show-reset|000|56|
EOF_NAMES

test_expect_success '/api/show without verbose leaves the tokens out' '
	curl -q -s --noproxy "*" -d "{\"model\":\"tiny\"}" "$MODEL_URL/api/show" |
		grep "\"tokenizer.ggml.tokens\":null"
'

test_expect_success 'every name of the table is tried above' '
	"$B/practice-model" --help >help &&
	sed -n "s/^  \([a-z][^ ]*\) .*/\1/p" help | grep -v -e nope -e anything -e abort |
		sed "s/[A-Z][A-Z]*/[0-9]*/g" >patterns &&
	sed -n "/^while/,/^EOF_NAMES/s/|.*//p" "$TESTS/t0200-practice-model.sh" >tried &&
	test $(wc -l <patterns) -gt 60 &&
	while read -r pattern
	do
		grep -qx "$pattern" tried || { echo "$pattern"; exit 1; }
	done <patterns
'

test_expect_success 'a redirect leads to a good answer' '
	ask status-307 -L && grep "said: hi" body && grep "200 OK" head
'

test_expect_success 'nothing is waiting once the clients are gone' '
	wait_for 3 stats_say "\"waiting\":0"
'

test_expect_success 'a peer that goes away from a held reply is counted' '
	before=$(stats | sed "s/.*\"aborted\":\([0-9]*\).*/\1/") &&
	! ask slow-5000 -m 0.2 &&
	! ask stall -m 0.2 &&
	! ask endless -m 0.2 &&
	ask tiny &&
	wait_for 3 stats_say "\"aborted\":$((before + 3)),"
'

test_expect_success 'a token beyond the vocabulary ends it with status 2' '
	"$B/practice-model" -w other >out 2>err &
	wait_for 5 test -s other &&
	MODEL_URL=http://127.0.0.1:$(cat other) &&
	! generate "{\"model\":\"tiny\",\"prompt\":\"x\",\"context\":[128256]}" &&
	wait $!
	test $? = 2 && grep "token 128256" err
'

test_expect_success 'abort ends it with status 3' '
	"$B/practice-model" -w third >out 2>err &
	wait_for 5 test -s third &&
	MODEL_URL=http://127.0.0.1:$(cat third) &&
	! ask abort &&
	wait $!
	test $? = 3
'

test_expect_success 'SIGTERM ends it with status 0, also while replies are held' '
	"$B/practice-model" -w fourth >out 2>err &
	pid=$!
	wait_for 5 test -s fourth &&
	MODEL_URL=http://127.0.0.1:$(cat fourth) &&
	{ ask stall & } &&
	wait_for 3 stats_say "\"waiting\":1" &&
	kill -s TERM "$pid" &&
	wait "$pid"
'

test_expect_success 'the port of one that runs is refused to another' '
	"$B/practice-model" -p "${MODEL_URL##*:}" >out 2>err
	test $? = 1 && grep "cannot listen" err
'

test_done

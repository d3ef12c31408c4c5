#!/bin/sh
# shellcheck disable=SC2034	# variables are used in the bodies of tests

# A token that the model does not know would end the model server, and so may a
# long stretch of letters: it is asked what the model knows and how it cuts its
# texts, and never gets a context or a stretch that was not checked.

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"

OYSTER_TIMEOUT=3
export OYSTER_TIMEOUT
start_model
start_lighttpd

# continue_with MODEL CONTEXT [CURL OPTION...]
continue_with() {
	continue_body="{\"model\":\"$1\",\"prompt\":\"hi\",\"context\":$2}"
	shift 2
	post -d "$continue_body" "$@"
}

# How often a path was asked for so far.
asked_for() {
	grep -c "^POST $1 " "$TRASH/model.log"
}

asked_after() {
	test "$(asked_for /api/show)" -gt "$1"
}

# Of as many models as there are numbers, each for the first token too many.
ask_all() {
	while read -r size
	do
		test "$size" = 1 || echo next
		printf 'url = "%s/api/generate"\noutput = /dev/null\n' "$URL"
		printf 'write-out = "%%{http_code}\\n"\ndata = "{%s}"\n' \
			"\\\"model\\\":\\\"show-size-$size\\\",\\\"prompt\\\":\\\"x\\\",\\\"context\\\":[$size]"
	done
}

for model in show-tokens-1000 show-size-1000 show-both-1000
do
	test_expect_success "$model: the last token of the vocabulary is relayed" '
		continue_with $model "[0,999]" &&
		status 200 &&
		signed &&
		model_got | grep "\"context\":\[0,999\]"
	'

	for context in '[1000]' '[1,1000,2]' '[2147483647]' '[999,99999]'
	do
		test_expect_success "$model: the context $context is refused" '
			before=$(asked_for /api/generate) &&
			continue_with $model "$context" &&
			status 400 &&
			error_is "context has a token that the model does not know" &&
			unsigned &&
			test "$(asked_for /api/generate)" = "$before"
		'
	done
done

test_expect_success 'what is asked is the name, and all there is' '
	continue_with "show-tokens-7:a\\\"b\\u0001" "[6]" &&
	status 200 &&
	grep -aFx "{\"model\":\"show-tokens-7:a\\\"b\\u0001\",\"verbose\":true}" "$TRASH/model.log"
'

test_expect_success 'a model is asked for once by a responder, not for each request' '
	before=$(asked_for /api/show) &&
	for i in 1 2 3 4 5 6 7 8 9 10 11 12
	do
		continue_with show-tokens-1000:once "[$i]" &&
		status 200 || return 1
	done &&
	asked=$(($(asked_for /api/show) - before)) &&
	echo "$asked times" &&
	test "$asked" -ge 1 && test "$asked" -le 2
'

test_expect_success 'models that differ in their tag alone are two' '
	continue_with show-tokens-1000:a "[999]" &&
	status 200 &&
	continue_with show-tokens-1000:b "[999]" &&
	status 200 &&
	grep -F "show-tokens-1000:b\",\"verbose\"" "$TRASH/model.log"
'

test_expect_success 'without a context nobody asks' '
	before=$(asked_for /api/show) &&
	for context in null "[]" "[ ]"
	do
		continue_with show-none "$context" &&
		status 200 &&
		signed || return 1
	done &&
	ask show-stall &&
	status 200 &&
	test "$(asked_for /api/show)" = "$before"
'

# model, status, sentence: and nothing was relayed
while IFS='|' read -r model code text
do
	test_expect_success "$model: $code, $text" '
		before=$(asked_for /api/generate) &&
		continue_with "$model" "[1]" &&
		status "$code" &&
		error_is "$text" &&
		unsigned &&
		test "$(asked_for /api/generate)" = "$before" &&
		continue_with llama3.2 "[1]" &&
		status 200 &&
		signed
	'
done <<\EOF
nope|404|model 'nope' not found
show-none|502|the model server does not say how many tokens the model knows
show-half|502|the model server does not say how many tokens the model knows
show-garbage|502|the model server does not say how many tokens the model knows
show-empty|502|the model server does not say how many tokens the model knows
show-odd|502|the model server does not say how many tokens the model knows
show-cut|502|the model server's reply was cut off
show-reset|502|the model server's reply was cut off
show-stall|504|the model server gave no full reply within OYSTER_TIMEOUT
show-slow-9000|504|the model server gave no full reply within OYSTER_TIMEOUT
show-status-400|400|practice status 400
show-status-404|404|practice status 404
show-status-500|500|practice status 500
show-status-503|503|server busy, please try again.  maximum pending requests exceeded
show-status-401|502|status 401 came from the model server and is not passed on
show-status-302|502|status 302 came from the model server and is not passed on
EOF

test_expect_success 'twenty who ask at once for a slow one are all answered, and ask twice at most' '
	before=$(asked_for /api/show) &&
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
	do
		mkdir "$i" &&
		(cd "$i" && continue_with show-slow-700:many "[$i]") &
	done &&
	wait &&
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
	do
		(cd "$i" && status 200 && signed) || return 1
	done &&
	asked=$(($(asked_for /api/show) - before)) &&
	echo "$asked times" &&
	test "$asked" -ge 1 && test "$asked" -le 2
'

# More models than a responder remembers.
test_expect_success 'a hundred and fifty models are checked, each by its own vocabulary' '
	seq 1 150 | ask_all >many &&
	curl -q -sS -m 60 --noproxy "*" -K many >codes &&
	test "$(wc -l <codes)" = 150 &&
	test "$(sort -u codes)" = 400
'

test_expect_success 'few wait behind the names of others: the rest is told so at once' '
	for i in $(seq 200)
	do
		test $i = 1 || echo next
		printf "url = \"%s/api/generate\"\noutput = /dev/null\n" "$URL"
		printf "write-out = \"%%{http_code}\\\\n\"\ndata = \"{%s}\"\n" \
			"\\\"model\\\":\\\"show-slow-2000:$i\\\",\\\"prompt\\\":\\\"x\\\",\\\"context\\\":[1]"
	done >strangers &&
	curl -q -sS -Z --parallel-max 200 --parallel-immediate -m 60 --noproxy "*" -K strangers >codes 2>/dev/null &&
	sort codes | uniq -c &&
	test "$(wc -l <codes)" = 200 &&
	! grep -vE "^(200|503|504)$" codes &&
	test "$(grep -c 503 codes)" -ge 50 &&
	ask llama3.2 && status 200 && signed
'

# --- stretches ---

stretch_error="has more characters of one kind side by side than the model's tokenizer can bear"

while IFS='|' read -r name text
do
	test_expect_success "2048 $name in a row: every model gets them, and nobody asks" '
		before=$(asked_for /api/show) &&
		ask_model show-qwen2-1000 "$(repeat 2048 "$text")" &&
		status 200 &&
		signed &&
		test "$(asked_for /api/show)" = "$before"
	'

	test_expect_success "2049 $name in a row do not reach a model that may not bear them" '
		before=$(asked_for /api/generate) &&
		ask_model show-qwen2-1000 "$(repeat 2049 "$text")" &&
		status 400 &&
		error_is "prompt $stretch_error" &&
		unsigned &&
		test "$(asked_for /api/generate)" = "$before"
	'

	test_expect_success "a million $name in a row reach one that does" '
		ask_model llama3.2 "$(repeat 1000000 "$text")" &&
		status 200 &&
		signed
	'
done <<\EOF
letters|a
digits|1
blanks|\\u0020
signs|=
newlines|\\n
escaped letters|\\u0061
Chinese letters|世
EOF

# fields, and the one that is to blame
while IFS='|' read -r culprit fields
do
	test_expect_success "$culprit: what may come together is counted together" '
		fields=$(printf "%s" "$fields" | sed "s/LONG/$(repeat 1100 a)/g; s/MIDDLE/$(repeat 350 a)/g; s/SEVENTY/0$(repeat 69 ,0)/") &&
		ask_model show-qwen2-1000 "$(repeat 1000 b)" "$fields" &&
		status 400 &&
		error_is "$culprit $stretch_error" &&
		unsigned &&
		ask_model llama3.2 "$(repeat 1000 b)" "$fields" &&
		{ status 200 || grep "does not support insert" body; }
	'
done <<\EOF
system|"system":"LONG"
suffix|"suffix":"x LONG"
template|"template":"{{ .Prompt }} LONG"
prompt|"template":"{{ .Prompt }}{{ .Prompt }}{{ .Prompt }}"
format|"format":{"enum":["LONG"]}
prompt|"context":[0,0],"system":"MIDDLE","suffix":"MIDDLE MIDDLE","format":{"const":"MIDDLE"}
context|"context":[SEVENTY],"system":"MIDDLE","suffix":"MIDDLE MIDDLE","format":"json"
EOF

test_expect_success 'tokens of a context are counted as what they say' '
	before=$(asked_for /api/generate) &&
	continue_with show-qwen2-1000 "[0$(repeat 340 ,2)]" &&
	status 200 &&
	signed &&
	continue_with show-qwen2-1000 "[0$(repeat 341 ,2)]" &&
	status 400 &&
	error_is "context $stretch_error" &&
	unsigned &&
	continue_with show-qwen2-1000 "[0$(repeat 10000 ,1,2)]" &&
	status 200 &&
	signed &&
	continue_with show-tokens-1000 "[0$(repeat 10000 ,2)]" &&
	status 200 &&
	test "$(asked_for /api/generate)" = $((before + 3))
'

test_expect_success 'words are counted where words are what is too long' '
	ask_model show-qwen2-1000 "$(repeat 10000 a1)" &&
	status 200 &&
	signed &&
	ask_model show-bloom-1000 "$(repeat 1000 a1)" &&
	status 200 &&
	ask_model show-bloom-1000 "$(repeat 10000 a1)" &&
	status 400 &&
	error_is "prompt $stretch_error" &&
	ask_model show-bloom-1000 "$(repeat 10000 a1)" "\"context\":[1]" &&
	status 400 &&
	error_is "prompt $stretch_error"
'

test_expect_success 'pages of other scripts are like any others' '
	for word in "слово " "كلمة " "शब्द। " "คำ " "🦀 " "/path/of/words/"
	do
		ask_model show-qwen2-1000 "$(repeat 1000 "$word")" &&
		status 200 &&
		signed || return 1
	done &&
	ask_model show-qwen2-1000 "$(repeat 1025 "คำ")" &&
	status 400 &&
	error_is "prompt $stretch_error"
'

test_expect_success 'a text of a megabyte with blanks in it is like any other' '
	before=$(asked_for /api/show) &&
	ask_model show-qwen2-1000 "$(repeat 200000 "word ")" &&
	status 200 &&
	signed &&
	test "$(asked_for /api/show)" = "$before"
'

test_expect_success 'of a model that says nothing nothing is known' '
	before=$(asked_for /api/generate) &&
	ask_model show-none "$(repeat 2049 a)" &&
	status 502 &&
	unsigned &&
	test "$(asked_for /api/generate)" = "$before"
'

stop_lighttpd
OYSTER_TIMEOUT=300
start_lighttpd

# Each responder has some of them.
test_expect_success 'one that hangs is given up long before OYSTER_TIMEOUT, and others are served' '
	before=$(asked_for /api/show) &&
	mkdir stalled one two three four &&
	{ (cd stalled && continue_with show-stall "[1]") & } &&
	pids=$! &&
	wait_for 10 asked_after "$before" &&
	for model in one two three four
	do
		{ (cd $model && continue_with "show-tokens-10:$model" "[1]") & } &&
		pids="$pids $!"
	done &&
	wait $pids &&
	(cd stalled && status 504 && unsigned) &&
	for model in one two three four
	do
		(cd $model && status 200 && signed) || return 1
	done
'

test_expect_success 'a model server that is not there: 502' '
	stop_model &&
	continue_with show-tokens-10:gone "[1]" &&
	status 502 &&
	error_is "the model server cannot be reached"
'

test_expect_success 'with OYSTER_MAX_TOKEN nobody asks about contexts' '
	stop_lighttpd &&
	start_model &&
	: >"$TRASH/model.log" &&
	remember OYSTER_MAX_TOKEN=1500 &&
	start_lighttpd &&
	continue_with show-none "[1500]" &&
	status 200 &&
	signed &&
	continue_with show-tokens-10 "[1500]" &&
	status 200 &&
	continue_with show-tokens-10 "[1501]" &&
	status 400 &&
	! grep /api/show "$TRASH/model.log" &&
	continue_with show-qwen2-10 "[0$(repeat 1000 ,0)]" &&
	status 200 &&
	! grep /api/show "$TRASH/model.log"
'

test_expect_success 'but for stretches in texts somebody asks' '
	ask_model show-qwen2-10 "$(repeat 2049 a)" "\"context\":[1400]" &&
	status 400 &&
	error_is "prompt $stretch_error" &&
	ask_model llama3.2 "$(repeat 2049 a)" "\"context\":[1400]" &&
	status 200
'

test_done

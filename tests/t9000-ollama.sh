#!/bin/sh
# shellcheck disable=SC2034,SC2119,SC2317	# bodies use what is said here

# A real model server behind lighttpd: what a person gets who installs this.

. "${0%/*}/lib.sh"
. "$TESTS/ollama.sh"

# ask TEXT [FIELDS]: TEXT as it stands between the quotes of JSON.
ask() {
	post -d "{\"model\":\"tiny\",\"prompt\":\"$1\"${2:+,$2}}"
}

# ask_ollama TEXT [FIELDS]: the same of Ollama itself, into the file direct.
ask_ollama() {
	printf '{"model":"tiny","prompt":"%s","stream":false%s}' "$1" "${2:+,$2}" |
		curl -q -sS -m 60 --noproxy '*' --data-binary @- \
			"$MODEL_URL/api/generate" >direct
}

# said FILE: an answer without the times in it.
said() {
	sed 's/"created_at":"[^"]*",//; s/,"total_duration":.*//' "$1"
}

# The last answer is that of ask_ollama.
same() {
	status 200 &&
	grep -q '^{"model":"tiny",.*"done":true' direct &&
	said body >ours &&
	said direct >theirs &&
	diff theirs ours
}

# field NAME FILE: a text or an array as it stands in an answer.
field() {
	sed 's/.*"'"$1"'":\("\([^"\\]\|\\.\)*"\|\[[0-9,]*\]\).*/\1/' "$2"
}

milliseconds() {
	date +%s%3N
}

# What the last answer took in the model.
model_milliseconds() {
	echo $(($(sed 's/.*"total_duration":\([0-9]*\).*/\1/' body) / 1000000))
}

generations() {
	grep -c 'POST *"/api/generate"' "$TRASH/ollama/log"
}

there_are_more_generations_than() {
	test "$(generations)" -gt "$1"
}

start_ollama || exit 1
started=$(milliseconds)
start_lighttpd

test_expect_success 'the first answer is signed, two seconds after the start, the model aside' '
	ask "Why is the sky blue?" &&
	took=$(($(milliseconds) - started - $(model_milliseconds))) &&
	status 200 &&
	signed &&
	echo "$took ms" &&
	{ test -n "$WRAP" || test "$took" -lt 2000; }
'

test_expect_success 'the health of Ollama is seen' '
	fetch GET /health &&
	status 200 &&
	printf "{\"status\":\"ok\",\"upstream\":\"ok\"}" >expected &&
	tr -d "\n" <body | diff expected -
'

# --- prompts ---

while IFS='|' read -r name prompt
do
	test_expect_success "$name reaches the model as it is, and the answer is signed" '
		ask "$prompt" &&
		ask_ollama "$prompt" &&
		same &&
		signed
	'
done <<\EOF
a sentence|Why is the sky blue?
one letter|x
a blank|\u0020
a text in many scripts|Grüße, Привет, 世界, नमस्ते, שלום 🦀👩‍👩‍👧
an escaped accent|caf\u00e9
a surrogate pair|\ud83e\udd80 and \uD83D\uDE00
a zero byte|a\u0000b
nothing but a zero byte|\u0000
a quotation|\"to be\" \\ or \/ not
white space|\b\f\n\r\t
a control character|\u0001\u001b[31m\u001f\u007f
markup|<b>&lt;</b> \u003cscript\u003e
a line separator|one\u2028two\u2029three
a noncharacter|\uffff and \ufffd
JSON|{\"prompt\":\"other\",\"stream\":true}
EOF

test_expect_success 'prompts escaped and plain are the same to the model' '
	ask "café 🦀" && said body >plain &&
	ask "caf\u00E9 \ud83e\udd80" && said body >escaped &&
	diff plain escaped
'

test_expect_success 'an answer that comes in chunks is signed and has its length' '
	prompt=$(printf "many words %.0s" $(seq 150)) &&
	ask "$prompt" &&
	ask_ollama "$prompt" &&
	test "$(wc -c <body)" -gt 2048 &&
	same &&
	signed &&
	test "$(header content-length)" = "$(wc -c <body)"
'

test_expect_success 'a prompt longer than the memory of the model is answered and signed' '
	prompt=$(printf "many words %.0s" $(seq 2000)) &&
	ask "$prompt" &&
	ask_ollama "$prompt" &&
	test "$(wc -c <body)" -gt 65536 &&
	same &&
	signed
'

test_expect_success 'other names of the model are kept as they were asked for' '
	for name in Tiny tiny:latest library/tiny
	do
		post -d "{\"model\":\"$name\",\"prompt\":\"x\"}" &&
		status 200 &&
		signed &&
		test "$(field model body)" = "\"$name\"" || return 1
	done
'

# --- contexts ---

test_expect_success 'the context of an answer continues the conversation' '
	ask "x" &&
	status 200 &&
	context=$(field context body) &&
	ask "and then" && said body >alone &&
	ask "and then" "\"context\":$context" &&
	ask_ollama "and then" "\"context\":$context" &&
	same &&
	signed &&
	! diff alone ours >/dev/null &&
	tail=${context#[} &&
	grep -F "${tail%]}" ours
'

test_expect_success 'a context is the same to the model with white space in it' '
	ask "x" "\"context\": [ 259,	381
		]" &&
	ask_ollama "x" "\"context\":[259,381]" &&
	same &&
	signed
'

for context in 'null' '[]'
do
	test_expect_success "the context $context is none" '
		ask "x" "\"context\":$context" &&
		ask_ollama "x" &&
		same &&
		signed
	'
done

test_expect_success 'the last token of the vocabulary may be in a context' '
	last=$((MODEL_TOKENS - 1)) &&
	ask "x" "\"context\":[$last]" &&
	ask_ollama "x" "\"context\":[$last]" &&
	same &&
	signed
'

# Each of them would end the whole process of Ollama.
for token in "$MODEL_TOKENS" 99999999 2147483647
do
	test_expect_success "a token beyond the vocabulary, $token, does not reach Ollama" '
		before=$(generations) &&
		ask "x" "\"context\":[259,$token]" &&
		status 400 &&
		unsigned &&
		grep context body &&
		ask "x" &&
		status 200 &&
		signed &&
		kill -0 "$(server_pid ollama)" &&
		wait_for 5 there_are_more_generations_than "$before" &&
		test "$(generations)" = $((before + 1))
	'
done

test_expect_success 'a model that is not there has no vocabulary, either' '
	post -d "{\"model\":\"missing\",\"prompt\":\"x\",\"context\":[1]}" &&
	status 404 &&
	error_is "model '\''missing'\'' not found" &&
	unsigned
'

# Ollama leaves the tokens out of a short description, and has no vocab_size here.
test_expect_success 'Ollama says how many tokens the model knows' '
	curl -q -sS -m 60 --noproxy "*" -d "{\"model\":\"tiny\",\"verbose\":true}" \
		"$MODEL_URL/api/show" >shown &&
	test "$(jq ".model_info[\"tokenizer.ggml.tokens\"] | length" shown)" = "$MODEL_TOKENS"
'

# --- what Ollama does not survive ---

# Each of them ends the process of Ollama, blocks it for all, or ends the model.
while IFS='|' read -r culprit fields
do
	test_expect_success "$fields does not reach Ollama" '
		before=$(generations) &&
		ask "x" "$fields" &&
		status 400 &&
		unsigned &&
		grep -F "{\"error\":\"$culprit " body &&
		ask "x" &&
		status 200 &&
		signed &&
		kill -0 "$(server_pid ollama)" &&
		wait_for 5 there_are_more_generations_than "$before" &&
		test "$(generations)" = $((before + 1))
	'
done <<\EOF
template|"template":"{{ range 100000000000 }}xxxxxxxx{{ end }}"
template|"template":"{{ $x := \"aa\" }}{{ $x = print $x $x }}{{ $x }}"
template|"template":"{{ define \"a\" }}{{ end }}{{ template \"a\" }}"
format.pattern|"format":{"type":"string","pattern":"^*$"}
format.pattern|"format":{"type":"string","pattern":"^{1}$"}
format.pattern|"format":{"type":"array","items":{"pattern":"^(((((((($"}}
format.allOf|"format":{"$defs":{"a":{"$ref":"#/$defs/a"}},"allOf":[{"$ref":"#/$defs/a"}]}
format.allOf|"format":{"allOf":{"a":{"$ref":"#/allOf/a"}}}
format.type|"format":{"type":["object","object"],"properties":{"a":{}}}
format.minItems|"format":{"type":"array","items":{},"minItems":2000000000}
format.maxLength|"format":{"type":"string","maxLength":2000000000}
options.mirostat|"options":{"mirostat":3}
options.mirostat|"options":{"mirostat":-1}
options.repeat_last_n|"options":{"repeat_last_n":2147483647}
EOF

test_expect_success 'a context that takes minutes does not reach Ollama' '
	ask "x" "\"context\":[1$(printf ",2%.0s" $(seq 131072))]" &&
	status 400 &&
	error_is "context must have at most 131072 tokens"
'

test_expect_success 'ten thousand images do not reach Ollama' '
	ask "x" "\"images\":[\"\"$(printf ",\"\"%.0s" $(seq 10000))]" &&
	status 400 &&
	error_is "images is more than the model server can bear"
'

# --- what the tokenizers of some models do not survive ---

# Runners that have ended.
ends() {
	grep -c SIGSEGV "$TRASH/ollama/log"
}

# only_that_one_came BEFORE: of all requests since, and no runner has ended.
only_that_one_came() {
	wait_for 5 there_are_more_generations_than "$1" &&
	test "$(generations)" = $(($1 + 1)) &&
	test "$(ends)" = 0
}

for model in qwen2 tekken llama-bpe
do
	test_expect_success "$model: 2048 letters, digits, signs or blanks in a row are answered and signed" '
		ollama_add "$model" &&
		for text in aB 12 +- "\\\\u0020\\\\n" 世界
		do
			ask_model "$model" "$(repeat 1024 "$text")" &&
			status 200 &&
			signed || return 1
		done &&
		ask_model "$model" "x" "\"context\":[$(repeat 254 "260,")260]" &&
		status 200 &&
		signed &&
		test "$(ends)" = 0
	'
done

# More than a tokenizer with std::regex bears of letters, in the prompt, in what
# the tokens of a context say, and in an answer.
for model in qwen2 tekken
do
	for culprit in prompt context system format
	do
		test_expect_success "$model: a $culprit with thirty thousand letters in a row does not reach Ollama" '
			before=$(generations) &&
			prompt=x && fields= &&
			case $culprit in
			prompt)	prompt=$(repeat 15000 ab) ;;
			context) fields="\"context\":[$(repeat 3750 "260,")260]" ;;
			system)	fields="\"system\":\"$(repeat 15000 ab)\"" ;;
			format)	fields="\"format\":{\"enum\":[\"$(repeat 7500 ab)\"]}" ;;
			esac &&
			ask_model "$model" "$prompt" "$fields" &&
			status 400 &&
			unsigned &&
			grep -F "{\"error\":\"$culprit has more characters of one kind " body &&
			ask_model "$model" x &&
			status 200 &&
			signed &&
			only_that_one_came "$before"
		'
	done
done

for model in qwen2 tekken
do
	test_expect_success "$model: thirty thousand letters with unused tokens between do not reach Ollama" '
		before=$(generations) &&
		ask_model "$model" x "\"context\":[$(repeat 3750 "260,261,")260]" &&
		status 400 &&
		unsigned &&
		grep -F "{\"error\":\"context has more characters of one kind " body &&
		ask_model "$model" x "\"context\":[$(repeat 200 "260,261,")260]" &&
		status 200 &&
		signed &&
		only_that_one_came "$before"
	'
done

test_expect_success 'a hundred thousand letters in a row reach a model with a tokenizer of its own' '
	letters=$(repeat 50000 ab) &&
	for model in llama-bpe tiny
	do
		ask_model "$model" "$letters" &&
		status 200 &&
		signed || return 1
	done &&
	test "$(ends)" = 0
'

# As near to what is refused as may be.
while read -r fields
do
	test_expect_success "$fields is survived" '
		ask "x" "$fields" &&
		{ status 200 || status 500; } &&
		unsigned &&
		ask "x" &&
		status 200 &&
		signed &&
		kill -0 "$(server_pid ollama)"
	'
done <<\EOF
"template":"{{ if .System }}{{ .System }}{{ else }}{{ .Prompt }}{{ end }}{{ .Prompt }}{{ .Prompt }}"
"template":"{{ if .System }}{{ if .Prompt }}{{ if .System }}{{ end }}{{ end }}"
"format":{"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}]}},"properties":{"x":{"$ref":"#/$defs/a"}}}
"format":{"type":["object","array","null"],"properties":{"a":{"type":["object","array"]}},"items":{}}
"format":{"type":"array","items":{"type":"string","minLength":5000},"minItems":5000}
"format":{"type":"object","properties":{"allof":{"Pattern":"^*$"}},"additionalProperties":true}
"options":{"mirostat":1,"mirostat_tau":-5,"temperature":1}
"options":{"mirostat":2,"mirostat_eta":1e30,"temperature":1e30}
"options":{"repeat_last_n":1048576,"repeat_penalty":1.1}
"options":{"num_keep":2147483647,"top_k":-1e300}
"options":{"top_p":1e300}
"options":{"stop":["",""],"seed":-1e300}
"images":["AAAA"]
EOF

# --- shapes of the answer ---

test_expect_success 'a streamed answer is two lines with the same text and context' '
	ask "x" "\"stream\":true" &&
	ask_ollama "x" &&
	status 200 &&
	signed &&
	test "$(header content-type)" = application/x-ndjson &&
	test "$(header content-length)" = "$(wc -c <body)" &&
	test "$(wc -l <body)" = 2 &&
	sed -n 1p body >first &&
	sed -n 2p body >last &&
	grep "\"done\":false" first &&
	test "$(field response first)" = "$(field response direct)" &&
	test "$(field context first)" = "$(field context direct)" &&
	test "$(field response last)" = "\"\"" &&
	test "$(field context last)" = "$(field context direct)" &&
	grep "\"done\":true,\"done_reason\":\"length\"" last
'

test_expect_success 'an empty prompt loads the model, and that is signed' '
	ask "" &&
	ask_ollama "" &&
	same &&
	signed &&
	grep "\"response\":\"\",\"done\":true,\"done_reason\":\"load\"" body
'

test_expect_success 'a prompt that is not there is an empty one' '
	ask_ollama "" &&
	post -d "{\"model\":\"tiny\"}" &&
	same &&
	signed
'

test_expect_success 'a streamed load is signed' '
	ask "" "\"stream\":true" &&
	status 200 &&
	signed &&
	test "$(wc -l <body)" = 2
'

test_expect_success 'nobody can unload the model' '
	ask "" "\"keep_alive\":0" &&
	status 200 &&
	signed &&
	grep "\"done_reason\":\"load\"" body
'

# --- several at once ---

test_expect_success 'eight that ask at once get each their own answer' '
	for i in 1 2 3 4 5 6 7 8
	do
		mkdir "$i" &&
		(cd "$i" && ask_ollama "canary-$i says $i") || return 1
	done &&
	for round in 1 2 3
	do
		for i in 1 2 3 4 5 6 7 8
		do
			(cd "$i" && ask "canary-$i says $i") &
		done
		wait
		for i in 1 2 3 4 5 6 7 8
		do
			(cd "$i" && same && signed) || return 1
		done
	done &&
	test "$(sort -u ?/theirs | wc -l)" = 8
'

# --- answers that depend on more than the receipt says ---

while IFS='|' read -r name fields
do
	test_expect_success "$name reaches the model, and there is no receipt" '
		ask "x" "$fields" &&
		ask_ollama "x" "$fields" &&
		same &&
		unsigned &&
		ask "x" &&
		said body >plain &&
		! diff plain ours >/dev/null
	'
done <<\EOF
a temperature with a seed|"options":{"seed":7,"temperature":1.5}
a number of tokens|"options":{"num_predict":3}
where to stop|"options":{"stop":["o"]}
a choice of few|"options":{"seed":3,"temperature":2,"top_k":2}
JSON as the format|"format":"json"
a schema as the format|"format":{"type":"object","properties":{"sky":{"type":"boolean"}},"required":["sky"]}
a raw prompt|"raw":true
a template|"template":"say {{ .Prompt }}"
a system prompt|"system":"be brief","template":"{{ .System }} {{ .Prompt }}"
EOF

test_expect_success 'a streamed answer without receipt has two lines too' '
	ask "x" "\"stream\":true,\"options\":{\"num_predict\":4}" &&
	ask_ollama "x" "\"options\":{\"num_predict\":4}" &&
	status 200 &&
	unsigned &&
	test "$(wc -l <body)" = 2 &&
	sed -n 1p body >first &&
	test "$(field response first)" = "$(field response direct)"
'

# --- errors ---

test_expect_success 'a model that is not there is an error in the words of Ollama' '
	post -d "{\"model\":\"missing\",\"prompt\":\"x\"}" &&
	status 404 &&
	error_is "model '\''missing'\'' not found" &&
	unsigned
'

test_expect_success 'so is an option of the wrong type' '
	ask "x" "\"options\":{\"temperature\":\"hot\"}" &&
	status 500 &&
	error_is "option \\\"temperature\\\" must be of type float32" &&
	unsigned
'

test_expect_success 'so is a template that is none' '
	ask "x" "\"template\":\"{{ .Prompt\"" &&
	status 500 &&
	error_is "template: :1: unclosed action" &&
	unsigned
'

test_expect_success 'so is a suffix, of which this model knows nothing' '
	ask "x" "\"suffix\":\"y\"" &&
	status 400 &&
	grep "tiny:latest does not support insert" body &&
	unsigned
'

# Ollama stops at the thirtieth and says 200 with "done":false.
test_expect_success 'an answer that Ollama gave up, since it repeats itself, is an error' '
	letters=$(printf "a%.0s" $(seq 40)) &&
	fields="\"format\":{\"enum\":[\"$letters\"]},\"options\":{\"num_predict\":60}" &&
	ask_ollama "x" "$fields" &&
	grep "\"done\":false" direct &&
	ask "x" "$fields" &&
	status 502 &&
	unsigned
'

# --- the end of our patience, and of Ollama ---

test_expect_success 'an answer that takes too long is an error, and Ollama stops at it' '
	stop_lighttpd &&
	remember OYSTER_TIMEOUT=2 &&
	start_lighttpd &&
	before=$(generations) &&
	ask "x" "\"options\":{\"num_predict\":1000000}" &&
	status 504 &&
	unsigned &&
	wait_for 5 there_are_more_generations_than "$before" &&
	ask_ollama "x" &&
	grep "\"done\":true" direct
'

test_expect_success 'nothing of Ollama is left when it is stopped' '
	stop_ollama
'

test_expect_success 'an Ollama that is gone is an error' '
	ask "x" &&
	status 502 &&
	unsigned &&
	fetch GET /health &&
	status 503
'

test_done

#!/bin/sh
# shellcheck disable=SC2034	# variables are used in the bodies of tests

# Requests that are refused: each with a status and a sentence, unsigned, and
# the model hears nothing of them.

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"

OYSTER_MAX_TOKEN=99
export OYSTER_MAX_TOKEN

start_model
start_lighttpd

# refused CODE
refused() {
	status "$1" &&
	unsigned &&
	test "$(header content-type)" = 'application/json; charset=utf-8' &&
	test "$(header cache-control)" = no-store &&
	test "$(header content-length)" -gt 10 &&
	! header retry-after
}

before=$(model_count connections)

# what is sent, then the sentence
while read -r sent
do
	read -r sentence
	test_expect_success "400: $sent" '
		post -d "$sent" &&
		refused 400 &&
		error_is "$sentence"
	'
done <<\EOF

the request has no body
hello
byte 0 of the request body is not JSON
{"model":"m","prompt":"p"
byte 25 of the request body is not JSON
{"model":"m","prompt":"p",}
byte 26 of the request body is not JSON
{"model":"m"} {}
byte 14 of the request body is not JSON
{'model':'m'}
byte 1 of the request body is not JSON
{"model":"m","prompt":"\x41"}
byte 23 of the request body is not JSON
{"model":"m","prompt":"\ud800"}
byte 23 of the request body is a lone surrogate
{"model":"m","prompt":"\udd80\ud83e"}
byte 23 of the request body is a lone surrogate
{"model":"m","x":01}
byte 18 of the request body is not JSON
["m","p",null,[1]]
the request body is not a JSON object
"model"
the request body is not a JSON object
null
the request body is not a JSON object
{}
model is missing
{"prompt":"p"}
model is missing
{"Model":"m","prompt":"p"}
model is missing
{"model":null}
model is missing
{"model":1}
model must be a string
{"model":["m"]}
model must be a string
{"model":""}
model must have 1 to 512 bytes
{"model":"gpt-oss:120b-cloud"}
model must not name a cloud model: those are answered outside the enclave
{"model":" Kimi:CLOUD\t"}
model must not name a cloud model: those are answered outside the enclave
{"model":"m","model":"m"}
model is given twice
{"model":"m","prompt":"a","pro\u006dpt":"a"}
prompt is given twice
{"model":"m","keep_alive":1,"keep_alive":1}
keep_alive is given twice
{"model":"m","prompt":1}
prompt must be a string
{"model":"m","prompt":["p"]}
prompt must be a string
{"model":"m","stream":1}
stream must be a boolean
{"model":"m","stream":"true"}
stream must be a boolean
{"model":"m","context":"[1]"}
context must be an array of tokens: integers from 0 to the largest allowed
{"model":"m","context":[100]}
context must be an array of tokens: integers from 0 to the largest allowed
{"model":"m","context":[-1]}
context must be an array of tokens: integers from 0 to the largest allowed
{"model":"m","context":[-0]}
context must be an array of tokens: integers from 0 to the largest allowed
{"model":"m","context":[1.0]}
context must be an array of tokens: integers from 0 to the largest allowed
{"model":"m","context":[1e1]}
context must be an array of tokens: integers from 0 to the largest allowed
{"model":"m","context":[[1]]}
context must be an array of tokens: integers from 0 to the largest allowed
{"model":"m","context":[1,null]}
context must be an array of tokens: integers from 0 to the largest allowed
{"model":"m","context":[18446744073709551617]}
context must be an array of tokens: integers from 0 to the largest allowed
{"model":"m","system":1}
system must be a string
{"model":"m","template":{}}
template must be a string
{"model":"m","suffix":false}
suffix must be a string
{"model":"m","format":"xml"}
format must be \"json\" or an object
{"model":"m","format":["json"]}
format must be \"json\" or an object
{"model":"m","raw":"yes"}
raw must be a boolean
{"model":"m","images":"aGk="}
images must be an array of base64 strings
{"model":"m","images":["aGk"]}
images must be an array of base64 strings
{"model":"m","images":[1]}
images must be an array of base64 strings
{"model":"m","think":1}
think must be a boolean or a string
{"model":"m","truncate":0}
truncate must be a boolean
{"model":"m","shift":"x"}
shift must be a boolean
{"model":"m","logprobs":2}
logprobs must be a boolean
{"model":"m","top_logprobs":"2"}
top_logprobs must be an integer from 0 to 2147483647
{"model":"m","top_logprobs":-1}
top_logprobs must be an integer from 0 to 2147483647
{"model":"m","options":[1]}
options must be an object
{"model":"m","options":{"seed":1,"\u0073eed":2}}
options.seed is given twice
EOF

for name in num_ctx num_batch num_gpu main_gpu num_thread numa low_vram f16_kv \
	logits_all vocab_only use_mmap use_mlock
do
	test_expect_success "400: the option $name" '
		post -d "{\"model\":\"m\",\"options\":{\"seed\":1,\"$name\":1}}" &&
		refused 400 &&
		error_is "options.$name must not be set: it reloads the model for everybody"
	'
done

# escapes of printf(1), then the sentence
while read -r sent
do
	read -r sentence
	test_expect_success "400: $sent" '
		printf "$sent" >sent &&
		post sent &&
		refused 400 &&
		error_is "$sentence"
	'
done <<\EOF
\357\273\277{"model":"m"}
byte 0 of the request body is not JSON
{"model":"m","prompt":"\377"}
byte 23 of the request body is not UTF-8
{"model":"m","prompt":"\300\200"}
byte 23 of the request body is not UTF-8
{"model":"m","prompt":"\355\240\200"}
byte 23 of the request body is not UTF-8
{"model":"m","prompt":"\n"}
byte 23 of the request body is not JSON
{"model":"m"}\000
byte 13 of the request body is not JSON
{\000"model":"m"}
byte 1 of the request body is not JSON
{"model":"m"}\f
byte 13 of the request body is not JSON
{\0"\0m\0"\0:\0"\0m\0"\0}\0
byte 1 of the request body is not JSON
EOF

test_expect_success '400: a name of 513 bytes' '
	post -d "{\"model\":\"$(head -c 513 /dev/zero | tr "\0" m)\"}" &&
	refused 400 &&
	error_is "model must have 1 to 512 bytes"
'

test_expect_success '400: a context of 131073 tokens' '
	printf "{\"model\":\"m\",\"context\":[1%s]}" "$(printf ",2%.0s" $(seq 131072))" >long &&
	post long &&
	refused 400 &&
	error_is "context must have at most 131072 tokens"
'

# --- paths and methods ---

try() {
	case $1 in
	GET | HEAD | OPTIONS | TRACE)
		fetch "$1" "$2" ;;
	*)	fetch "$1" "$2" --data-raw '{"model":"m","prompt":"p","name":"m"}' ;;
	esac
}

# nothing_at METHOD PATH
nothing_at() {
	try "$1" "$2" && refused 404 && ! header allow || return 1
	test "$1" = HEAD || error_is "there is nothing at this path"
}

for path in / /api /api/ /api/generate/ /api/generatefoo /API/generate \
	"/api/generate;x" "/api/generate%20" /api/%67enerate /apigenerate \
	/health/ /healthz /oyster /oyster/ /oyster/stats /oyster/signer/ /index.html
do
	test_expect_success "404: whatever is asked of $path" '
		for method in GET HEAD POST PUT DELETE PATCH OPTIONS TRACE
		do
			nothing_at $method "$path" || return 1
		done
	'
done

# Every route of Ollama but the one that is served.
while read -r method path
do
	test_expect_success "404: $method $path" 'nothing_at "$method" "$path"'
done <<\EOF
POST /api/chat
POST /api/pull
POST /api/push
POST /api/create
POST /api/copy
DELETE /api/delete
POST /api/show
POST /api/embed
POST /api/embeddings
GET /api/tags
HEAD /api/tags
GET /api/ps
GET /api/version
HEAD /api/version
POST /api/me
POST /api/signout
DELETE /api/user/keys/x
POST /api/web_search
POST /api/experimental/web_search
POST /api/blobs/sha256:0000000000000000000000000000000000000000000000000000000000000000
HEAD /api/blobs/sha256:0000000000000000000000000000000000000000000000000000000000000000
POST /v1/chat/completions
POST /v1/completions
POST /v1/embeddings
GET /v1/models
GET /v1/models/m
POST /v1/responses
POST /v1/messages
POST /v1/images/generations
EOF

# path, the methods it answers, those it does not
while IFS='|' read -r path allowed methods
do
	test_expect_success "405: $path but for $allowed" '
		for method in $methods
		do
			try $method "$path" &&
			refused 405 &&
			test "$(header allow)" = "$allowed" || return 1
			test $method = HEAD ||
			error_is "this path does not answer this method" || return 1
		done
	'
done <<\EOF
/api/generate|POST|GET HEAD PUT DELETE PATCH OPTIONS TRACE PROPFIND
/api/generate?x=1|POST|GET HEAD PUT DELETE PATCH OPTIONS TRACE
/health|GET, HEAD|POST PUT DELETE PATCH OPTIONS TRACE PROPFIND
/oyster/signer|GET, HEAD|POST PUT DELETE PATCH OPTIONS TRACE PROPFIND
EOF

test_expect_success 'an origin of another site gets no leave to read' '
	fetch OPTIONS /api/generate -H "Origin: http://evil.example" \
		-H "Access-Control-Request-Method: POST" &&
	refused 405 &&
	! grep -i "^access-control" headers &&
	post -d "{}" -H "Origin: http://evil.example" &&
	! grep -i "^access-control" headers
'

test_expect_success 'the model has heard nothing of all this' '
	model_counts connections $((before + 1))
'

test_expect_success 'the next request is served' '
	ask llama3.2 &&
	status 200 &&
	signed
'

test_done

#!/bin/sh
# shellcheck disable=SC2034	# variables are used in the bodies of tests

# What the model server receives, to the byte: a head of constants, and known
# fields alone, encoded anew in the order of the contract.

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"

start_model
start_lighttpd

# got_exactly FILE: a request with this body, and not a byte more.
got_exactly() {
	printf '%s\r\n' "POST /api/generate HTTP/1.1" "Host: ${MODEL_URL#http://}" \
		"Accept: */*" "Content-Type: application/json" \
		"Content-Length: $(wc -c <"$1")" "" >expected &&
	cat "$1" >>expected &&
	cmp expected "$TRASH/model.last"
}

test_expect_success 'a request is a head of constants and the body' '
	post -d "{\"model\":\"llama3.2\",\"prompt\":\"hi\"}" &&
	signed &&
	printf %s "{\"model\":\"llama3.2\",\"prompt\":\"hi\",\"stream\":false,\"context\":null}" >want &&
	got_exactly want
'

test_expect_success 'no header of a client goes upstream' '
	ask llama3.2 -H "Authorization: Bearer secret" -H "Cookie: a=b" \
		-H "Origin: http://evil.example" -H "User-Agent: spy" \
		-H "Referer: http://evil.example/" -H "X-Forwarded-For: 1.2.3.4" \
		-H "X-Oyster-Nonce: n-1" -H "Accept: text/html" \
		-H "Accept-Encoding: gzip" -H "Content-Type: text/plain" \
		-H "Content-Encoding: gzip" -H "Proxy: http://127.0.0.1:1" \
		-H "Host: evil.example" -H "Connection: close, Content-Type" \
		-H "Transfer-Encoding: chunked" -H "Expect: 100-continue" \
		-H "X-HTTP-Method-Override: DELETE" &&
	signed &&
	got_exactly want &&
	fetch POST "/api/generate?x=1" --data-binary @request -u user:password &&
	signed &&
	got_exactly want
'

# asking SENTENCE, then two lines: what is sent, and what the model must get.
while read -r sentence
do
	read -r sent
	read -r want
	test_expect_success "$sentence" '
		post -d "$sent" &&
		status 200 &&
		signed &&
		printf %s "$want" >want &&
		got_exactly want
	'
done <<\EOF
no prompt
{"model":"m"}
{"model":"m","prompt":"","stream":false,"context":null}
null for everything that may be absent
{"model":"m","prompt":null,"stream":null,"context":null,"system":null,"options":null,"images":null}
{"model":"m","prompt":"","stream":false,"context":null}
a stream is never asked for
{"stream":true,"prompt":"p","model":"m"}
{"model":"m","prompt":"p","stream":false,"context":null}
a context
{"model":"m","prompt":"p","context":[ 1,	2 ]}
{"model":"m","prompt":"p","stream":false,"context":[1,2]}
an empty context
{"model":"m","prompt":"p","context":[ ]}
{"model":"m","prompt":"p","stream":false,"context":[]}
a context in front
{"context":[0,128255],"model":"m","prompt":"p"}
{"model":"m","prompt":"p","stream":false,"context":[0,128255]}
escapes that have a short form
{"model":"m","prompt":"\u0022 \\ \/ \u002f \u0008 \u0009 \u000a \u000c \u000d \b\t\n\f\r"}
{"model":"m","prompt":"\" \\ / / \b \t \n \f \r \b\t\n\f\r","stream":false,"context":null}
control characters
{"model":"m","prompt":"\u0000\u0001\u000B\u001F\u0000"}
{"model":"m","prompt":"\u0000\u0001\u000b\u001f\u0000","stream":false,"context":null}
surrogate pairs, and what Go would escape
{"model":"m","prompt":"\uD83E\udd80 \u00e9 \u003c<>& \ud800\udc00"}
{"model":"m","prompt":"🦀 é <<>& 𐀀","stream":false,"context":null}
plain UTF-8
{"model":"m","prompt":"🦀 é 𐀀"}
{"model":"m","prompt":"🦀 é 𐀀","stream":false,"context":null}
an escaped spelling of keys and model
{"\u006dodel":"\u006d","pro\u006Dpt":"p"}
{"model":"m","prompt":"p","stream":false,"context":null}
unknown keys
{"model":"m","a":1,"prompt":"p","b":{"prompt":"q","model":"n"},"c":[[],{}],"":"","messages":[],"tools":[]}
{"model":"m","prompt":"p","stream":false,"context":null}
keys in another case
{"Model":"n","MODEL":"n","model":"m","prompt":"p","Prompt":"q","PROMPT":"q","System":"s","Context":[9],"Stream":true,"Options":{"num_ctx":1}}
{"model":"m","prompt":"p","stream":false,"context":null}
keys that Go folds to known ones
{"model":"m","prompt":"p","ſystem":"s","\u017fystem":"s","ſtream":true,"thin\u212a":true,"optionſ":{"seed":1},"Keep_alive":0}
{"model":"m","prompt":"p","stream":false,"context":null}
keys that begin like known ones
{"model":"m","prompt":"p","prompt\u0000":"q","prompt ":"q"," prompt":"q","promp":"q","prompts":"q","system\u0000x":"s"}
{"model":"m","prompt":"p","stream":false,"context":null}
keep_alive, of any type
{"model":"m","prompt":"p","keep_alive":0}
{"model":"m","prompt":"p","stream":false,"context":null}
keep_alive as an object
{"model":"m","prompt":"p","keep_alive":{"x":[1]}}
{"model":"m","prompt":"p","stream":false,"context":null}
fields that are not covered, but blank
{"model":"m","prompt":"p","system":"","template":"","suffix":"","format":{},"raw":false,"images":[],"think":false,"truncate":false,"shift":false,"logprobs":false,"top_logprobs":null,"options":{ }}
{"model":"m","prompt":"p","stream":false,"context":null}
EOF

test_expect_success 'line separators and DEL go out as they are' '
	post -d "{\"model\":\"m\",\"prompt\":\"\\u2028\\u2029\\u007f\\uffff\\udbff\\udfff\"}" &&
	signed &&
	printf "{\"model\":\"m\",\"prompt\":\"\342\200\250\342\200\251\177\357\277\277\364\217\277\277\"%s}" \
		",\"stream\":false,\"context\":null" >want &&
	got_exactly want
'

start='{"model":"m","prompt":"p"'
head='{"model":"m","prompt":"p","stream":false,"context":null'
while read -r field
do
	read -r want
	test_expect_success "not covered, so relayed and unsigned: $field" '
		post -d "$start,$field}" &&
		status 200 &&
		unsigned &&
		printf %s "$head,$want}" >want &&
		got_exactly want
	'
done <<\EOF
"system":"be \u0062rief"
"system":"be brief"
"template" : "{{ .Prompt }}\u0000"
"template":"{{ .Prompt }}\u0000"
"format":"json"
"format":"json"
"format":{ "type" : "object", "Required":[ "a\/b" ,1.50e+1, null,true] }
"format":{"type":"object","Required":["a/b",1.50e+1,null,true]}
"raw":true
"raw":true
"images":["aGk=" , "\/+\u002b\/"]
"images":["aGk=","/++/"]
"think":true
"think":true
"think":"high"
"think":"high"
"truncate":true
"truncate":true
"shift":true
"shift":true
"logprobs":true
"logprobs":true
"top_logprobs":3
"top_logprobs":3
"top_logprobs":0
"top_logprobs":0
"options":{"seed":1,"temperature":0.50,"stop":[ "a", "\n" ]}
"options":{"seed":1,"temperature":0.50,"stop":["a","\n"]}
"options":{"seed":1,"unknown":2,"Seed":3,"ſeed":4,"num_ctx":null}
"options":{"seed":1}
EOF

test_expect_success 'a suffix is relayed, too, and refused by the practice model' '
	post -d "$start,\"suffix\":\"x\"}" &&
	status 400 &&
	unsigned &&
	printf %s "$head,\"suffix\":\"x\"}" >want &&
	got_exactly want
'

test_expect_success 'every sampling option is relayed' '
	options= &&
	for name in num_keep seed num_predict top_k top_p min_p typical_p \
		repeat_last_n temperature repeat_penalty presence_penalty \
		frequency_penalty mirostat mirostat_tau mirostat_eta \
		draft_num_predict
	do
		options="$options\"$name\":1,"
	done &&
	options="\"options\":{$options\"stop\":[\"x\"],\"penalize_newline\":true}" &&
	post -d "$start,$options}" &&
	status 200 &&
	printf %s "$head,$options}" >want &&
	got_exactly want
'

test_expect_success 'fields go upstream in the order of the contract' '
	post -d "{\"options\":{\"top_k\":2,\"seed\":1},\"top_logprobs\":1,\"logprobs\":true,
		\"shift\":true,\"truncate\":true,\"think\":true,\"images\":[\"aGk=\"],
		\"format\":\"json\",\"system\":\"s\",\"context\":[1],\"stream\":true,
		\"keep_alive\":1,\"template\":\"t\",\"prompt\":\"p\",\"model\":\"m\"}" &&
	status 200 &&
	unsigned &&
	printf %s "{\"model\":\"m\",\"prompt\":\"p\",\"stream\":false,\"context\":[1]," \
		"\"system\":\"s\",\"template\":\"t\",\"format\":\"json\"," \
		"\"images\":[\"aGk=\"],\"think\":true,\"truncate\":true,\"shift\":true," \
		"\"logprobs\":true,\"top_logprobs\":1,\"options\":{\"top_k\":2,\"seed\":1}}" >want &&
	got_exactly want
'

test_expect_success 'every recorded request is relayed as the old program did it' '
	perl -MJSON::PP -0777 -ne "
		for my \$case (@{decode_json(\$_)->{cases}}) {
			for (qw(request_body upstream_request_body)) {
				utf8::encode(my \$bytes = \$case->{\$_});
				open my \$file, \">\", \"\$case->{name}.\$_\" or die;
				print \$file \$bytes;
			}
		}" "$TESTS/vectors/receipt.json" &&
	for case in *.upstream_request_body
	do
		post "${case%.*}.request_body" &&
		got_exactly "$case" || { cat "$case"; return 1; }
	done
'

test_expect_success 'a request of a megabyte goes out in one piece, without Expect' '
	{
		printf "{\"model\":\"m\",\"prompt\":\"" &&
		head -c 1048576 /dev/zero | tr "\0" y &&
		printf "\"}"
	} >sent &&
	post sent &&
	signed &&
	sed "s/}$/,\"stream\":false,\"context\":null}/" sent >want &&
	got_exactly want
'

test_expect_success 'one request of a client is one request to the model' '
	before=$(model_count requests) &&
	for model in llama3.2 reset llama3.2 garbage cut-10 llama3.2
	do
		ask $model || return 1
	done &&
	model_counts requests $((before + 6))
'

test_done

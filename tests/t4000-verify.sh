#!/bin/sh
# shellcheck disable=SC2034	# variables are used in the bodies of tests

# oyster-verify over answers as curl saves them.

. "${0%/*}/lib.sh"

VERIFY=${OYSTER_VERIFY:-$B/oyster-verify}
test -x "$VERIFY" || skip_all 'oyster-verify is not built: libcbor-dev and libssl-dev'

start_model
start_lighttpd

ADDRESS=$("$B/oyster-key" address "$KEY_FILE")
PROMPT='{"model":"llama3.2","prompt":"Why is the sky blue?"}'

# oyster STATUS ARGUMENT...: what it says is in `said' and `complaint'
oyster() {
	want=$1 got=0
	shift
	"$VERIFY" "$@" >said 2>complaint || got=$?
	test "$got" = "$want" && return
	echo "exit status $got, not $want"
	cat said complaint
	return 1
}

# verify STATUS OPTION...: the last answer, with the key's address
verify() {
	want=$1
	shift
	oyster "$want" --address "$ADDRESS" --headers headers --body body \
		--request request "$@"
}

says() {
	grep -F -e "$1" said && return
	cat said
	return 1
}

complains() {
	grep -F -e "$1" complaint && return
	cat complaint
	return 1
}

# change OLD NEW FILE: the first OLD in the file becomes NEW
change() {
	perl -0777 -pi -e '
		BEGIN { ($old, $new) = splice @ARGV, 0, 2 }
		s/\Q$old\E/$new/ or die "no $old\n"' "$@"
}

test_expect_success 'an answer in two files verifies, both ways' '
	post -d "$PROMPT" -H "x-oyster-nonce: n-1" &&
	status 200 &&
	verify 0 --require both --nonce n-1 --max-age 60 &&
	says "PASS  receipt: x-oyster-signature recovers to $ADDRESS, the key of --address" &&
	says "PASS  exchange: content-digest matches the response" &&
	says "PASS  exchange: nonce is n-1, as --nonce says" &&
	says "PASS  exchange: keyid is $ADDRESS, the key of --address" &&
	says "PASS  exchange: created is $(header x-oyster-timestamp), as x-oyster-timestamp" &&
	says "PASS  response: made at " &&
	! grep -E "FAIL|SKIP" said &&
	tail -n 1 said | grep "^VERIFIED: "
'

test_expect_success 'an answer in one piece verifies, from a file and from standard input' '
	post -d "$PROMPT" &&
	cat headers body >saved &&
	oyster 0 --address "$ADDRESS" --request request saved &&
	oyster 0 --address "$ADDRESS" --request request - <saved &&
	oyster 0 --address "$ADDRESS" --request request <saved
'

test_expect_success 'what curl -si prints with interim responses verifies' '
	printf "%s" "$PROMPT" >request &&
	curl -q -si --noproxy "*" -H "Expect: 100-continue" --data-binary @request \
		"$URL/api/generate" >saved &&
	oyster 0 --address "$ADDRESS" --request request --require both saved &&
	{ printf "HTTP/1.1 103 Early Hints\r\nsignature: x\r\n\r\n" && cat saved; } >hinted &&
	oyster 0 --address "$ADDRESS" --request request --require both hinted
'

test_expect_success 'line endings and the case of names do not matter' '
	post -d "$PROMPT" &&
	tr -d "\r" <headers >plain && mv plain headers &&
	verify 0 --require both &&
	awk -F: "{ sub(/^[^:]*/, toupper(\$1)); print }" headers >upper && mv upper headers &&
	verify 0 --require both
'

test_expect_success '0x in front of the signature is accepted and noted' '
	post -d "$PROMPT" &&
	change "x-oyster-signature: " "x-oyster-signature: 0x" headers &&
	verify 0 --require both &&
	says "has 0x in front, which is accepted"
'

test_expect_success 'an NDJSON answer verifies' '
	post -d "{\"model\":\"llama3.2\",\"prompt\":\"hi\",\"stream\":true}" &&
	verify 0 --require both
'

test_expect_success 'an answer that is more than five strings has the exchange alone' '
	post -d "{\"model\":\"llama3.2\",\"prompt\":\"hi\",\"system\":\"be brief\"}" &&
	status 200 &&
	verify 0 &&
	says "SKIP  receipt: there is none" &&
	verify 1 --require receipt
'

test_expect_success 'an old answer, with a receipt alone, verifies' '
	post -d "$PROMPT" &&
	grep -vi "signature\(-input\)*: oyster=\|digest" headers >old && mv old headers &&
	verify 0 &&
	says "SKIP  exchange: there is no signature of it" &&
	verify 0 --require receipt &&
	verify 1 --require both &&
	verify 1 --require exchange &&
	verify 1 --nonce n-1
'

test_expect_success 'errors verify too' '
	post -d "{\"model\":\"missing\",\"prompt\":\"hi\"}" &&
	verify 0 --require exchange &&
	post -d "not json" &&
	status 400 &&
	verify 0 --require exchange
'

test_expect_success 'GET and HEAD need no request' '
	fetch GET /health &&
	oyster 0 --address "$ADDRESS" --headers headers --body body --method GET --path /health &&
	oyster 1 --address "$ADDRESS" --headers headers --body body --method GET --path /oyster/signer &&
	fetch HEAD /health &&
	oyster 0 --address "$ADDRESS" --method HEAD --path /health headers
'

test_expect_success 'an answer without any signature fails' '
	fetch GET /nowhere &&
	oyster 1 --address "$ADDRESS" --headers headers --body body --method GET --path /nowhere &&
	says "no signature of either kind"
'

test_expect_success 'a changed body, request, status or time fails' '
	post -d "$PROMPT" &&
	cp body body.good && cp headers headers.good && cp request request.good &&
	printf " " >>body && verify 1 && cp body.good body &&
	printf " " >>request && verify 1 && cp request.good request &&
	change " 200 " " 201 " headers && verify 1 && cp headers.good headers &&
	change "x-oyster-timestamp: 1" "x-oyster-timestamp: 2" headers && verify 1 &&
	cp headers.good headers &&
	change "created=1" "created=2" headers && verify 1 && cp headers.good headers &&
	verify 0
'

test_expect_success 'a request that curl -d sent without its line ends is told apart' '
	printf "%s\n" "$PROMPT" >sent &&
	curl -q -si --noproxy "*" -d @sent "$URL/api/generate" >saved &&
	oyster 1 --address "$ADDRESS" --request sent saved &&
	says "use --data-binary" &&
	says "PASS  receipt: x-oyster-signature recovers"
'

test_expect_success 'a header that is there twice fails' '
	post -d "$PROMPT" &&
	for name in x-oyster-signature x-oyster-timestamp signature signature-input \
		content-digest x-oyster-request-digest content-length
	do
		cp headers headers.good &&
		{ head -n 1 headers.good && grep -i "^$name:" headers.good &&
		  tail -n +2 headers.good; } >headers &&
		verify 1 && says "$name is there 2 times" &&
		cp headers.good headers || return 1
	done
'

test_expect_success 'another key fails' '
	post -d "$PROMPT" &&
	oyster 1 --address 0x1a642f0e3c3af545e7acbd38b07251b3990914f2 \
		--headers headers --body body --request request &&
	says "FAIL  receipt" && says "FAIL  exchange"
'

test_expect_success 'a public key is taken raw and in digits' '
	post -d "$PROMPT" &&
	"$B/oyster-key" public "$KEY_FILE" >key.hex &&
	perl -ne "chomp; print pack(\"H*\", \$_)" key.hex >key.raw &&
	for key in key.hex key.raw
	do
		oyster 0 --public-key "$key" --headers headers --body body --request request ||
			return 1
	done &&
	printf 0 >>key.raw &&
	oyster 2 --public-key key.raw --headers headers --body body --request request &&
	tr 0-9 0 <key.hex >key.bad &&
	oyster 2 --public-key key.bad --headers headers --body body --request request
'

test_expect_success 'an old answer is too old, and --at is another now' '
	post -d "$PROMPT" &&
	verify 1 --max-age 60 --at "$(($(date +%s) + 3600))" && says "--max-age allows 60" &&
	verify 1 --max-age 60 --at 2020-02-02T02:02:02Z && says "in the future" &&
	verify 0 --max-age 4000 --at "$(($(date +%s) + 3600))"
'

test_expect_success 'the key is never taken from the response' '
	post -d "$PROMPT" &&
	oyster 2 --headers headers --body body --request request &&
	complains "never taken from the response"
'

test_expect_success '--json is JSON and says the same' '
	post -d "$PROMPT" &&
	verify 0 --json &&
	"$PYTHON" -c "
import json
said = json.load(open(\"said\"))
assert said[\"verdict\"] == \"verified\", said
assert said[\"address\"] == \"$ADDRESS\", said
assert {c[\"result\"] for c in said[\"checks\"]} <= {\"PASS\", \"SKIP\"}, said
" && printf x >>body &&
	verify 1 --json &&
	"$PYTHON" -c "
import json
assert json.load(open(\"said\"))[\"verdict\"] == \"failed\""
'

test_expect_success '--quiet says nothing' '
	post -d "$PROMPT" &&
	verify 0 --quiet && test ! -s said && test ! -s complaint &&
	printf x >>body &&
	verify 1 --quiet && test ! -s said && test ! -s complaint
'

test_expect_success '--answer prints the text, and only once it is verified' '
	post -d "{\"model\":\"llama3.2\",\"prompt\":\"hi\"}" &&
	verify 0 --answer &&
	"$PYTHON" -c "
import json, sys
text = json.load(open(\"body\"))[\"response\"]
assert open(\"said\").read() == text and text, text" &&
	printf " " >>body &&
	verify 1 --answer && test ! -s said
'

test_expect_success '--answer says why there is no text' '
	post -d "not json" &&
	verify 1 --answer && test ! -s said &&
	complains "no text in this answer, which has status 400" &&
	"$PYTHON" -c "
import json
for case in json.load(open(\"$TESTS/vectors/verdict-exchange.json\"))[\"cases\"]:
    if case[\"name\"] == \"an answer of several lines\":
        for part in \"request\", \"response\":
            text = case.get(part, \"\").encode() or bytes.fromhex(case[part + \"_hex\"])
            open(part, \"wb\").write(text)" &&
	oyster 0 --address "$ADDRESS" --request request response &&
	oyster 1 --address "$ADDRESS" --request request --answer response &&
	complains "which has status 200: the body is not an answer"
'

test_expect_success 'bytes of an attacker do not reach the terminal' '
	post -d "$PROMPT" &&
	change "keyid=\"0x1a" "$(printf "keyid=\"\303\251\302\233")" headers &&
	verify 1 && says "keyid is ????"
'

ZEROS=$(printf %096d 0)

while read -r what arguments
do
	test_expect_success "usage: $what" "
		post -d '$PROMPT' &&
		cat headers body >saved &&
		oyster 2 $arguments && test -s complaint && test ! -s said
	"
done <<\EOF
no-arguments
unknown-option --adress 0x00
no-value --address
short-address --address 0x1a64 --request request saved
bad-checksum --address 0x1A642f0e3c3af545e7acbd38b07251b3990914f1 --request request saved
key-from-response --address keyid --request request saved
no-request --address $ADDRESS saved
two-keys --address $ADDRESS --public-key saved --request request saved
two-responses --address $ADDRESS --request request saved saved
body-alone --address $ADDRESS --request request --body body
both-forms --address $ADDRESS --request request --headers headers --body body saved
stdin-twice --address $ADDRESS --request - -
missing-file --address $ADDRESS --request request nowhere
directory --address $ADDRESS --request request .
not-http --address $ADDRESS --request request request
head-alone-and-more --address $ADDRESS --request request --headers saved --body body
empty-response --address $ADDRESS --request request /dev/null
bad-nonce --address $ADDRESS --request request --nonce a,b saved
option-twice --address $ADDRESS --address $ADDRESS --request request saved
bad-age --address $ADDRESS --request request --max-age 5m saved
bad-time --address $ADDRESS --request request --at yesterday saved
bad-require --address $ADDRESS --request request --require all saved
bad-image --attestation saved --image-id 00
bad-pcr --attestation saved --pcr 0
age-twice --address $ADDRESS --request request --max-age 60 --max-age 600 saved
time-twice --address $ADDRESS --request request --at 1 --at 2 saved
require-twice --address $ADDRESS --request request --require both --require receipt saved
pcr-without-document --address $ADDRESS --request request --pcr 3=$ZEROS saved
code-pcr-without-document --address $ADDRESS --request request --pcr 0=$ZEROS saved
image-without-document --address $ADDRESS --request request --image-id ${ZEROS%????????????????????????????????} saved
root-without-document --address $ADDRESS --request request --root saved saved
root-empty --attestation saved --root /dev/null --request request saved
root-unusable --attestation saved --root saved --request request saved
unpinned-without-document --address $ADDRESS --request request --allow-unpinned saved
EOF

test_expect_success '--help says how it is used' '
	oyster 0 --help && says "usage: oyster-verify"
'

test_expect_success 'what cannot be read or written is said' '
	post -d "$PROMPT" &&
	oyster 2 --address "$ADDRESS" --headers headers --body nowhere --request request &&
	complains "cannot open nowhere: No such file" &&
	oyster 2 --address "$ADDRESS" --headers headers --body body --request nowhere &&
	complains "cannot open nowhere: No such file" &&
	{ "$VERIFY" --address "$ADDRESS" --headers headers --body body --request request \
		>/dev/full 2>complaint; test $? = 2; } &&
	complains "cannot write: No space left" &&
	# What it writes at once, and not when it ends.
	{ ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0 stdbuf -o0 \
		"$VERIFY" --address "$ADDRESS" --headers headers --body body --request request \
		>/dev/full 2>complaint; test $? = 2; } &&
	complains "cannot write"
'

test_done

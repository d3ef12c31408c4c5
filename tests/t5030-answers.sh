#!/bin/sh

# Verifiers of others say yes to what our own server answers, and no to the
# same when a byte of it is another.

. "${0%/*}/lib.sh"

ADDRESS=0x1a642f0e3c3af545e7acbd38b07251b3990914f1
VERIFY=$TOP/keys/verify

start_model || exit 1
start_lighttpd || exit 1

verifiers=python
if test -d "$TESTS/node_modules/ethers" || test "${CI:-}" = true
then
	verifiers="$verifiers javascript"
	mkdir js
	cp "$VERIFY/verify.mjs" js/
	ln -s "$TESTS/node_modules" js/node_modules
fi
if command -v jq >/dev/null && command -v bc >/dev/null || test "${CI:-}" = true
then
	verifiers="$verifiers shell"
fi

verify_python() {
	"$PYTHON" "$VERIFY/verify.py" "$@"
}

verify_javascript() {
	node "$TRASH/js/verify.mjs" "$@"
}

verify_shell() {
	"$VERIFY/verify.sh" "$@"
}

# ask NAME BODY: as a person would, into NAME.request and NAME.answer
ask() {
	printf %s "$2" >"$1.request"
	curl -q -si --noproxy '*' -m 60 -H "x-oyster-nonce: nonce-$1" \
		--data-binary "@$1.request" "$URL/api/generate" >"$1.answer"
}

test_expect_success 'answers are asked for and saved' '
	ask plain "{\"model\":\"llama3.2\",\"prompt\":\"Why is the sky blue?\"}" &&
	ask context "{\"model\":\"llama3.2\",\"prompt\":\"caf\\u00e9 \\ud83e\\udd80\",\"context\":[1, 2]}" &&
	ask stream "{\"model\":\"llama3.2\",\"prompt\":\"Why?\",\"stream\":true}" &&
	ask system "{\"model\":\"llama3.2\",\"prompt\":\"Why?\",\"system\":\"Be brief.\"}" &&
	ask error "{\"model\":17}" &&
	grep "HTTP/1.1 200" plain.answer &&
	grep x-ndjson stream.answer &&
	grep "HTTP/1.1 400" error.answer
'

while read -r name found
do
	for verifier in $verifiers
	do
		test_expect_success "$verifier verifies: $name ($found)" "
			verify_$verifier $ADDRESS $name.request $name.answer nonce-$name >said &&
			grep -x 'signed by $ADDRESS: $found' said
		"
	done
done <<\EOF
plain receipt exchange
context receipt exchange
stream receipt exchange
system exchange
error exchange
EOF

for verifier in $verifiers
do
	test_expect_success "$verifier refuses another address, nonce, request, answer and path" "
		! verify_$verifier 0x2${ADDRESS#0x?} plain.request plain.answer nonce-plain &&
		! verify_$verifier $ADDRESS plain.request plain.answer nonce-other &&
		! verify_$verifier $ADDRESS stream.request plain.answer &&
		sed 's/\"done\":true/\"done\":truE/' plain.answer >other.answer &&
		! verify_$verifier $ADDRESS plain.request other.answer &&
		! verify_$verifier $ADDRESS error.request error.answer '' POST /health
	"
done

test_done

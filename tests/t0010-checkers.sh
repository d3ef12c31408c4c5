#!/bin/sh

# The two checkers against recorded cases, so that what they say of our own
# answers can be believed.

. "${0%/*}/lib.sh"

python_verify() {
	"$PYTHON" "$TESTS/verify.py" "$@"
}

ethers_verify() {
	node "$TESTS/verify.mjs" "$@"
}

checkers=python
if test -d "$TESTS/node_modules/ethers" || test "${CI:-}" = true
then
	checkers="python ethers"
else
	echo "# no tests/node_modules/ethers: only the Python checker is tested"
fi

# A case of each kind, to be spoiled.
cat >receipt.json <<\EOF
{"cases": [{
"name": "one",
"request_body": "{\"model\":\"llama3.2\",\"prompt\":\"caf\\u00e9 \\ud83e\\udd80 \\\"q\\\" \\\\ \\n\",\"context\":[128006, 9125]}",
"upstream_body": "{\"model\":\"llama3.2\",\"response\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\",\"done\":true,\"context\":[128006,9125,128007]}",
"timestamp": 1741620242,
"signature": "d030161010d178bfacd1d51e10a08ba1378684b3a685ae25178c4b984041f1d569bf58266a74cd77af3b60264d7cd35f10ef25702b0d5a21362d7a5d89f508141c"
}]}
EOF
cat >exchange.json <<\EOF
[{
"name": "one",
"status": 404,
"method": "POST",
"path": "/api/generate",
"request_body": "{\"model\":\"nope\",\"prompt\":\"x\"}",
"response_body": "{\"error\":\"model 'nope' not found\"}\n",
"created": 1741620243,
"nonce": null,
"content_digest": "sha-256=:bdUem4A+AoKd0yzRDB/clmV+bml+Ruf+E4XFiYSpso4=:",
"request_digest": "sha-256=:JW0wpabHsVKexf5tIYuFmwDNoDdG30ZNNI4+meZTOYw=:",
"signature_input": "oyster=(\"@status\" \"@method\";req \"@path\";req \"content-digest\" \"x-oyster-request-digest\");created=1741620243;keyid=\"0x1a642f0e3c3af545e7acbd38b07251b3990914f1\";tag=\"oyster\"",
"signature": "oyster=:CF4Pnm9anzVWh1gtL5s2hefHMiC7jAWmh2va2Upxu8RIg7PmfnRrI7nm4VwKRcbWsrCq3E/YOGhPB62cxh7nGRs=:"
}]
EOF

# refuses CHECKER KIND SED-COMMAND: the case of that kind, once it is spoiled.
# A checker that breaks down has refused nothing.
refuses() {
	sed "$3" "$2.json" >spoiled.json
	! cmp -s "$2.json" spoiled.json || return 2
	"$1_verify" --vectors spoiled.json >said 2>&1
	test $? = 1 || return 1
	cat said
	grep -x '1 checked, 1 wrong' said
}

for checker in $checkers
do
	for kind in receipt exchange
	do
		test_expect_success "$checker finds every recorded $kind right" "
			${checker}_verify --vectors $kind.json &&
			${checker}_verify --vectors '$TESTS/vectors/$kind.json'
		"
	done

	test_expect_success "$checker does not find another signer right" "
		${checker}_verify --vectors receipt.json \
			--address 0x1a642f0e3c3af545e7acbd38b07251b3990914f2
		test \$? = 1
	"

	test_expect_success "$checker wants something to check" "
		${checker}_verify
		test \$? = 2 &&
		mkdir -p empty &&
		! ${checker}_verify empty
	"

	while read -r kind what change
	do
		test_expect_success "$checker refuses a changed $kind: $what" "
			refuses $checker $kind '$change'
		"
	done <<-\EOF
	receipt prompt s/caf/cab/
	receipt prompt,escaped s/00e9/00e8/
	receipt prompt,longer s/\\\\n/ \\\\n/
	receipt request-context s/9125]/9126]/
	receipt response s/xx\\"/xy\\"/
	receipt response,shorter s/:\\"x/:\\"/
	receipt response,longer s/x\\",\\"done/x\\\\u0000\\",\\"done/
	receipt model /upstream/s/llama3.2/llama3.3/
	receipt response-context s/128007]/128008]/
	receipt timestamp s/1741620242/1741620243/
	receipt signature-r s/"d030/"d031/
	receipt signature-s s/d569/d568/
	receipt signature-v s/1c"/1b"/
	receipt signature-v,0 s/1c"/01"/
	receipt signature,case s/d030/D030/
	receipt signature,short s/1c"/"/
	exchange status s/404/200/
	exchange method s/POST/PUT/
	exchange path s/generate/generatf/
	exchange request-body s/:\\"x/:\\"y/
	exchange response-body s/found/fount/
	exchange created s/1741620243/1741620244/
	exchange nonce s/null/"n-1"/
	exchange content-digest s/bdUe/bdUf/
	exchange request-digest s/JW0w/JW0x/
	exchange keyid s/0x1a/0x1b/
	exchange tag s/tag=\\"oyster/tag=\\"oystes/
	exchange component s/\\"@path\\"/\\"@query\\"/
	exchange signature s/:CF4P/:CF4Q/
	exchange signature-v s/nGRs=/nGRw=/
	EOF
done

test_done

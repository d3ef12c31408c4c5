#!/bin/sh
# shellcheck disable=SC2034	# variables are used in the bodies of tests

# oyster-verify with attestation documents, and the whole round of ask.sh.

. "${0%/*}/lib.sh"

VERIFY=${OYSTER_VERIFY:-$B/oyster-verify}
test -x "$VERIFY" || skip_all 'oyster-verify is not built: libcbor-dev and libssl-dev'

MINTED=$TESTS/attestation
PROMPT='{"model":"llama3.2","prompt":"Why is the sky blue?"}'
AT=2025-03-10T15:25:00Z

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

says() {
	grep -F -e "$1" said && return
	cat said
	return 1
}

# minted NAME: of the document called `good'
minted() {
	"$PYTHON" -c '
import json, sys
index = json.load(open(sys.argv[1] + "/documents.json"))
print(index.get(sys.argv[2]) or index["cases"][0][sys.argv[2]])' "$MINTED" "$1"
}

IMAGE=$(minted image_id)
PCR0=$(minted pcr0)

test_expect_success 'a document alone tells key, address, image and time' '
	oyster 0 --attestation "$MINTED/good.bin" --root "$MINTED/root.pem" --image-id "$IMAGE" &&
	says "$(minted public_key)" &&
	says "$(minted address)" &&
	says "image id is $IMAGE, as --image-id says" &&
	says "PASS  attestation: PCR0, PCR1 and PCR2 are not all zero" &&
	says "2025-03-10T15:24:02Z"
'

test_expect_success 'digits will do, of the document and of the root, and the root as key or DER' '
	perl -0777 -ne "print unpack(\"H*\", \$_), \"\n\"" "$MINTED/good.bin" >good.hex &&
	perl -0777 -ne "print unpack(\"H*\", \$_), \"\n\"" "$MINTED/root.key" >root.hex &&
	for root in root.hex "$MINTED/root.key" "$MINTED/root.der"
	do
		oyster 0 --attestation good.hex --root "$root" --image-id "$IMAGE" || return 1
	done &&
	oyster 0 --attestation - --root root.hex --image-id "$IMAGE" <"$MINTED/good.bin"
'

test_expect_success 'without a pin the verdict is UNPINNED' '
	oyster 1 --attestation "$MINTED/good.bin" --root "$MINTED/root.pem" &&
	tail -n 1 said | grep "^UNPINNED: " &&
	oyster 0 --attestation "$MINTED/good.bin" --root "$MINTED/root.pem" --allow-unpinned &&
	tail -n 1 said | grep "^UNPINNED: " &&
	oyster 1 --attestation "$MINTED/good.bin" --root "$MINTED/root.pem" --json &&
	says "\"verdict\":\"unpinned\""
'

test_expect_success 'PCRs pin, too, and wrong pins fail' '
	oyster 0 --attestation "$MINTED/good.bin" --root "$MINTED/root.pem" --pcr "0=$PCR0" &&
	oyster 0 --attestation "$MINTED/good.bin" --root "$MINTED/root.pem" \
		--pcr "0=$PCR0" --image-id "$IMAGE" &&
	oyster 1 --attestation "$MINTED/good.bin" --root "$MINTED/root.pem" --pcr "1=$PCR0" &&
	oyster 1 --attestation "$MINTED/good.bin" --root "$MINTED/root.pem" --allow-unpinned \
		--image-id "$(echo "$IMAGE" | tr 0-9a-f 1-9a-f0)"
'

test_expect_success 'AWS alone is trusted unless --root says otherwise' '
	oyster 1 --attestation "$MINTED/good.bin" --image-id "$IMAGE" &&
	says "do not end in the root (AWS" &&
	oyster 2 --attestation "$MINTED/good.bin" --image-id "$IMAGE" --root "$MINTED/good.bin" &&
	grep "neither a certificate nor a key" complaint &&
	oyster 2 --attestation "$MINTED/good.bin" --image-id "$IMAGE" --root /dev/null &&
	grep "neither a certificate nor a key" complaint &&
	oyster 2 --attestation "$MINTED/good.bin" --image-id "$IMAGE" --root nowhere
'

test_expect_success 'a document has a time' '
	oyster 0 --attestation "$MINTED/good.bin" --root "$MINTED/root.pem" --image-id "$IMAGE" \
		--at "$AT" --max-age 60 &&
	oyster 1 --attestation "$MINTED/good.bin" --root "$MINTED/root.pem" --image-id "$IMAGE" \
		--at "$AT" --max-age 30 &&
	oyster 1 --attestation "$MINTED/good.bin" --root "$MINTED/root.pem" --image-id "$IMAGE" \
		--max-age 3600 &&
	oyster 1 --attestation "$MINTED/good.bin" --root "$MINTED/root.pem" --image-id "$IMAGE" \
		--at 2025-03-10T15:00:00Z &&
	says "in the future"
'

test_expect_success 'an enclave in debug mode is refused' '
	oyster 1 --attestation "$MINTED/debug.bin" --root "$MINTED/root.pem" --allow-unpinned &&
	says "debug mode"
'

start_model
start_lighttpd

# with_document STATUS NAME OPTION...: the last answer
with_document() {
	want=$1 name=$2
	shift 2
	oyster "$want" --attestation "$MINTED/$name.bin" --root "$MINTED/root.pem" \
		--headers headers --body body --request request "$@"
}

test_expect_success 'the key of a document is the key of the answers' '
	post -d "$PROMPT" -H "x-oyster-nonce: n-1" &&
	with_document 0 good --image-id "$IMAGE" --require both --nonce n-1 &&
	says "the key of --attestation" &&
	with_document 1 good && says "UNPINNED"
'

test_expect_success 'an answer is not checked with the key of a bad document' '
	post -d "$PROMPT" &&
	with_document 1 good --image-id "$(echo "$IMAGE" | tr 0-9a-f 1-9a-f0)" &&
	says "SKIP  response: not checked" &&
	oyster 1 --attestation "$MINTED/good.bin" --headers headers --body body \
		--request request --image-id "$IMAGE" &&
	says "SKIP  response: not checked"
'

test_expect_success 'an answer that is piped in is not passed over' '
	post -d "$PROMPT" &&
	cat headers body >saved &&
	set -- --attestation "$MINTED/good.bin" --root "$MINTED/root.pem" --image-id "$IMAGE" &&
	oyster 2 "$@" <saved && grep "response on standard input" complaint && test ! -s said &&
	cat saved | oyster 2 "$@" && grep "response on standard input" complaint &&
	cat saved | oyster 2 "$@" --max-age 60 &&
	cat saved | oyster 0 "$@" --request request && says "PASS  exchange"
'

test_expect_success 'nothing piped in is a document alone, and the report says so' '
	set -- --attestation "$MINTED/good.bin" --root "$MINTED/root.pem" --image-id "$IMAGE" &&
	oyster 0 "$@" </dev/null && says "SKIP  response: none was given" &&
	: >empty && oyster 0 "$@" <empty &&
	: | oyster 0 "$@" &&
	oyster 0 "$@" <&-
'

test_expect_success 'a key of x25519 is no key of answers' '
	oyster 0 --attestation "$MINTED/x25519.bin" --root "$MINTED/root.pem" --image-id "$IMAGE" &&
	post -d "$PROMPT" &&
	with_document 1 x25519 --image-id "$IMAGE" && says "x25519"
'

test_expect_success 'a document of garbage, of nothing and of much is refused' '
	head -c 2000 /dev/urandom >garbage &&
	oyster 1 --attestation garbage &&
	oyster 1 --attestation /dev/null &&
	head -c 1000000 /dev/zero >much &&
	oyster 2 --attestation much
'

# --- scripts/ask.sh ---

serve_document() {
	mkdir -p www/attestation && cp "$1" www/attestation/raw || return 1
	remember OYSTER_ATTESTATION_PORT="$(free_port)" &&
	start_server attestation "$PYTHON" -m http.server --bind 127.0.0.1 \
		-d www "$OYSTER_ATTESTATION_PORT" >www.log 2>&1 &&
	wait_for 10 curl -q -s --noproxy '*' -o /dev/null \
		"http://127.0.0.1:$OYSTER_ATTESTATION_PORT/"
}

# ask_young STATUS PROMPT OPTION...
ask_young() {
	want=$1 prompt=$2 got=0
	shift 2
	"$TOP/scripts/ask.sh" 127.0.0.1 llama3.2 "$prompt" "$@" >said 2>complaint || got=$?
	test "$got" = "$want" && return
	echo "exit status $got, not $want"
	cat said complaint
	return 1
}

# The minted document is old.
ask() {
	ask_young "$@" --max-age=9999999999
}

remember OYSTER_VERIFY="$VERIFY"

test_expect_success 'ask.sh prints an answer that is verified' '
	serve_document "$MINTED/good.bin" &&
	ask 0 "Why is the sky \"blue\"?
And \\ a tab	here: é

" --root "$MINTED/root.pem" --image-id "$IMAGE" &&
	test -s said
'

test_expect_success 'ask.sh asks what it was told to ask' '
	tail -n 1 model.last | "$PYTHON" -c "
import json, sys
asked = json.load(sys.stdin)
assert asked[\"prompt\"] == \"Why is the sky \\\"blue\\\"?\\nAnd \\\\ a tab\\there: \\u00e9\\n\\n\", asked"
'

test_expect_success 'ask.sh takes another age, and no weaker demand' '
	set -- hi --root "$MINTED/root.pem" --image-id "$IMAGE" &&
	ask_young 0 "$@" --max-age 9999999999 && test -s said &&
	ask_young 1 "$@" && test ! -s said && grep "max-age allows 300" complaint &&
	ask 2 "$@" --require receipt && test ! -s said &&
	grep "require: given twice" complaint
'

test_expect_success 'ask.sh prints nothing that is not' '
	ask 1 hi --root "$MINTED/root.pem" && test ! -s said &&
	ask 1 hi --image-id "$IMAGE" && test ! -s said && grep FAIL complaint &&
	cp "$MINTED/x25519.bin" www/attestation/raw &&
	ask 1 hi --root "$MINTED/root.pem" --image-id "$IMAGE" && test ! -s said &&
	rm www/attestation/raw &&
	ask 22 hi --root "$MINTED/root.pem" --image-id "$IMAGE" && test ! -s said
'

test_expect_success 'ask.sh without a prompt says how it is used' '
	got=0 && "$TOP/scripts/ask.sh" 127.0.0.1 llama3.2 2>complaint || got=$? &&
	test "$got" = 2 && grep "ask.sh HOST MODEL PROMPT" complaint
'

test_expect_success 'the documents can be served no longer' 'stop_server attestation'

test_expect_success 'ask.sh says what it could not fetch, and who should have it' '
	ask 7 hi --root "$MINTED/root.pem" --image-id "$IMAGE" && test ! -s said &&
	grep "http://127.0.0.1:$OYSTER_ATTESTATION_PORT/attestation/raw: .*attestation server" complaint
'

test_done

#!/bin/sh

# The verifier that is a shell script, over the vectors: over all of them when
# the build is a plain one and CI runs it, else over every seventh, since each
# takes half a second and none runs anything that was built.

. "${0%/*}/lib.sh"

command -v bc >/dev/null || skip_all 'no bc'
command -v jq >/dev/null || skip_all 'no jq'

every=7
case ${CI:-}$B in
*san) ;;
true*) every=1 ;;
esac

"$PYTHON" "$TESTS/vectors/make/spread.py" cases "$TESTS"/vectors/verdict-*.json || exit 1

# judge VERDICT NAME ADDRESS REQUEST ANSWER NONCE METHOD PATH: a line when it is wrong
cat >judge.sh <<\END
verdict=$1 name=$2
test "$6" != - || set -- "$1" "$2" "$3" "$4" "$5" '' "$7" "$8"
shift 2
said=$("$VERIFY" "$@" 2>&1)
case $?$said in
"0signed by "*) found=verify ;;
"1not verified: "*) found=refuse ;;
*) found="neither ($said)" ;;
esac
test "$found" = "$verdict" || echo "$name: $found, not $verdict"
END
VERIFY=$TOP/keys/verify/verify.sh
export VERIFY

test_expect_success "verify.sh verifies and refuses what it must (one case of $every)" '
	awk "NR % $every == 0" cases/list >some &&
	test -s some &&
	tr "\n\t" "\0\0" <some | xargs -0 -n 8 -P 2 sh judge.sh >wrong &&
	cat wrong &&
	test ! -s wrong
'

test_done

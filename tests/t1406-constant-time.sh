#!/bin/sh

# Nothing that is done with the key depends on its bits, but what libsecp256k1
# itself says of a signature: that its nonce was good, and that it was made.

. "${0%/*}/lib.sh"

! grep -q __asan_init "$B/oyster-responder" ||
	CI='' skip_all 'valgrind and AddressSanitizer exclude each other'
test -x "$B/constant-time" || skip_all 'constant-time was not built: make units'
command -v valgrind >/dev/null || skip_all 'there is no valgrind'

head -c 32 /dev/urandom >"$KEY_FILE"

# watch WHAT: what memcheck reports of it, a paragraph each, begins at `reported'.
# (valgrind 3.19 knows no memfd_secret; an ordinary page is as good here.)
watch() {
	valgrind --num-callers=20 --log-file=log "$B/constant-time" "$KEY_FILE" "$1" &&
	sed -n 's/^==[0-9]*== //p' log >text &&
	grep -cE '^(Conditional|Use of|Syscall|Invalid)' text >reported
	sed -n 's/^ERROR SUMMARY: [0-9]* errors from \([0-9]*\) contexts.*/\1/p' text >contexts
	cat text
	diff reported contexts
}

test_expect_success 'a branch that depends on the key is reported' '
	watch leak &&
	test "$(cat reported)" = 1 &&
	grep "^   at .*: leak (" text
'

test_expect_success 'making the public key: no report' '
	watch public &&
	test "$(cat reported)" = 0
'

for what in exchange both
do
	test_expect_success "signing ($what): two reports, from inside the library's signing" '
		watch '$what' &&
		test "$(cat reported)" = 2 &&
		grep -A1 "^   at " text >frames &&
		test "$(grep -c "^   at .* (in .*libsecp256k1" frames)" = 2 &&
		test "$(grep -c "^   by .*: secp256k1_ecdsa_sign_recoverable (in " frames)" = 2
	'
done

test_done

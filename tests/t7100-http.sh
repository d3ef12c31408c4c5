#!/bin/sh
# shellcheck disable=SC2034	# variables are used in the bodies of tests

# HTTP as no client library speaks it: every route of Ollama with every
# method, framing that can be read in two ways, and every byte in every field
# that is looked at.

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"

start_model
start_lighttpd

# try MATRIX: the model hears of no hidden request, and of one at most for each.
try() {
	: >"$TRASH/model.log"
	"$PYTHON" "$TESTS/http.py" "$PORT" "$1" >said
	try_status=$?
	cat said
	! grep -a smuggled "$TRASH/model.log" &&
	test "$try_status" = 0
}

heard() {
	grep -ac '^[A-Z]* /[a-z]' "$TRASH/model.log"
}

test_expect_success 'every route of Ollama and thirty other paths, with twelve methods each' '
	try matrix &&
	requests=$(sed -n "s/ requests.*//p" said) &&
	test "$requests" -ge 360
'

test_expect_success 'the model has heard of none of them, but for its version' '
	! grep -av -e "^GET /api/version 0$" -e "^$" "$TRASH/model.log"
'

test_expect_success 'framing that can be read in two ways is refused, and nothing behind it is read' '
	try framing &&
	heard &&
	test "$(heard)" -le "$(sed -n "s/ requests.*//p" said)"
'

test_expect_success 'no byte in a field that is looked at makes another field' '
	try injection
'

test_expect_success 'the next request is answered, and signed' '
	ask llama3.2 &&
	status 200 &&
	signed
'

test_done

#!/bin/sh

# Allocations that fail: an error that shows, or no answer, and nothing else.
# STRIDE is every which one; `make torture' tries all.

. "${0%/*}/lib.sh"
. "$TESTS/lib-torture.sh"

STRIDE=${STRIDE:-7}

not_sanitized 'a sanitizer has allocations of its own'

allocations() {
	tell "$PYTHON" "$TESTS/torture/allocations.py" "$PORT" "$SHIM" \
		"$(server_pid lighttpd)" "$@"
}

few_threads() {
	responder=$(cat "/proc/$(server_pid lighttpd)/task/$(server_pid lighttpd)/children") &&
	test "$(find "/proc/${responder% }/task" -mindepth 1 -maxdepth 1 | wc -l)" -lt 30
}

OYSTER_THREADS=400
OYSTER_MAX_INFLIGHT=350
export OYSTER_THREADS OYSTER_MAX_INFLIGHT
start_model
shimmed_conf 1
start_lighttpd shim.conf

test_expect_success 'each allocation of the responder fails, once and for ever after' '
	allocations ours "$STRIDE"
'

# libfcgi writes where NULL points.  What is left to do is to come back.
test_expect_success 'those of libfcgi may end the responder, and another one comes' '
	allocations libfcgi "$STRIDE" plain
'

test_expect_success 'threads that end together give memory back once a second, not each of them' '
	stop_lighttpd &&
	start_lighttpd shim.conf &&
	shim trims 0 &&
	"$PYTHON" "$TESTS/load.py" "$URL" 300 300 slow-500 &&
	wait_for 20 few_threads &&
	shim trims &&
	test "$(shim trims)" -gt 0 &&
	test "$(shim trims)" -lt 20
'

test_done

#!/bin/sh

# Thousands of slow clients do not keep normal ones from being served.
# SLOW_SECONDS is for how long; `make torture' gives it 120.

. "${0%/*}/lib.sh"
. "$TESTS/lib-torture.sh"

OYSTER_THREADS=640
OYSTER_MAX_INFLIGHT=600
export OYSTER_THREADS OYSTER_MAX_INFLIGHT
SLOW_SECONDS=${SLOW_SECONDS:-15}
SLOW_CLIENTS=9500

not_sanitized 'a sanitizer is slow enough'
most=$(sed -n 's/^Max open files *[0-9]* *\([0-9]*\) .*/\1/p' /proc/self/limits)
test "$most" -gt 10000 ||
	skip_all "$SLOW_CLIENTS connections need more than $most descriptors"

start_model
start_lighttpd

test_expect_success "beside $SLOW_CLIENTS slow clients no normal one fails" '
	tell "$PYTHON" "$TESTS/torture/slow.py" "$PORT" $SLOW_CLIENTS "$SLOW_SECONDS" \
		"$(server_pid lighttpd)"
'

test_done

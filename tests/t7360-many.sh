#!/bin/sh

# Many requests in a row: nothing grows.  MANY_REQUESTS is how many;
# `make torture' asks a million.

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"
. "$TESTS/lib-torture.sh"

MANY_REQUESTS=${MANY_REQUESTS:-30000}

not_sanitized 'a sanitizer keeps what was freed'
command -v wrk >/dev/null || skip_all 'no wrk'

# One that keeps no requests: it is not to be what takes the time.
start_server model "$B/practice-model" -w "$TRASH/model.port" 2>>model.out
wait_for 20 test -s model.port
MODEL_URL=http://127.0.0.1:$(cat model.port)
OYSTER_UPSTREAM=$MODEL_URL
export OYSTER_UPSTREAM
start_lighttpd

# ask_many NUMBER: at least so many more
ask_many() {
	goal=$(($(model_count requests) + $1))
	while test "$(model_count requests)" -lt "$goal"
	do
		wrk -t1 -c16 -d2 -s "$TESTS/torture/many.lua" "$URL/api/generate" >wrk.out &&
		grep -qx "failed[[:space:]]*0" wrk.out || return 1
	done
}

# KB of lighttpd and all below it, once the threads have rested
kilobytes() {
	sleep 8
	for pid in $(test_processes '' "$(server_pid lighttpd)")
	do
		cat "/proc/$pid/status"
	done | awk '$1 == "VmRSS:" { sum += $2 } END { print sum }'
}

test_expect_success 'the first thousands' '
	ask_many $((MANY_REQUESTS / 10)) &&
	kilobytes >before
'

test_expect_success "$MANY_REQUESTS requests more: no failure, at most 1 % more memory" '
	ask_many $MANY_REQUESTS &&
	kilobytes >after &&
	tell echo "{\"requests\": $(model_count requests), \"KB\": [$(cat before), $(cat after)]}" &&
	test "$(cat after)" -le $(($(cat before) * 101 / 100 + 64))
'

test_expect_success 'and the next one is signed' '
	ask llama3.2 && status 200 && signed
'

test_done

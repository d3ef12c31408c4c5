#!/bin/sh

# Many requests in a row: nothing grows.  MANY_REQUESTS is how many;
# `make torture' asks a million.

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"
. "$TESTS/lib-torture.sh"

MANY_REQUESTS=${MANY_REQUESTS:-30000}

not_sanitized 'a sanitizer keeps what was freed'
command -v wrk >/dev/null || skip_all 'no wrk'

start_model
start_lighttpd

# ask_many NUMBER: at least so many more
ask_many() {
	goal=$(($(model_count requests) + $1))
	while test "$(model_count requests)" -lt "$goal"
	do
		wrk -t1 -c16 -d2 -s "$TOP/scripts/bench.lua" "$URL/api/generate" >wrk.out &&
		awk '$1 == "bench" { failed = $4 } END { exit failed != 0 }' wrk.out || return 1
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

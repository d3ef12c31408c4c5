#!/bin/sh
# shellcheck disable=SC2034	# CHECK_SLACK is for test_done

# The wall clock jumps, of lighttpd, responder and signer alike: the receipt
# has the time that it shows, and nothing else takes notice.

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"
. "$TESTS/lib-torture.sh"

CHECK_SLACK=4000000000
OYSTER_TIMEOUT=4
export OYSTER_TIMEOUT

not_sanitized 'a sanitizer wants to be loaded first'

start_model
shimmed_conf 2
OYSTER_SHIM=$SHIM
export OYSTER_SHIM
WRAP="env LD_PRELOAD=$B/torture/shim.so"
start_lighttpd shim.conf

# is_dated SECONDS: the receipt just got is from so many seconds ahead
is_dated() {
	away=$(($(header x-oyster-timestamp) - $(date +%s) - $1)) &&
	echo "$away s away" &&
	test "$away" -ge -10 && test "$away" -le 10 &&
	test "$(header x-oyster-timestamp)" = \
		"$(header signature-input | sed 's/.*;created=\([0-9]*\);.*/\1/')"
}

pids() {
	test_processes '' "$(server_pid lighttpd)"
}

test_expect_success 'before any jump' '
	ask llama3.2 && status 200 && is_dated 0
'

pids >before

# by: an hour, thirty years, past 2038 and 2106; and back
for by in 3600 -3600 946080000 500000000 3000000000 -1000000000 0
do
	test_expect_success "a jump by $by s while the model thinks: answered, and so dated" '
		mkdir -p "at$by" &&
		(cd "at$by" && ask slow-2500) &
		wait_for 5 model_counts waiting 1 &&
		shim skew $by &&
		wait $! &&
		cd "at$by" &&
		status 200 && signed && is_dated $by
	'
done

test_expect_success 'a model that stalls: 504 after OYSTER_TIMEOUT, wherever the clock goes' '
	date +%s >began &&
	ask stall-head & asked=$!
	wait_for 5 model_counts waiting 1 &&
	shim skew 1000000 &&
	sleep 1 &&
	shim skew -1000000 &&
	wait $asked &&
	status 504 &&
	test $(($(date +%s) - $(cat began))) -ge 4
'

test_expect_success 'nobody was started again, and lighttpd has seen the jumps' '
	shim skew 0 &&
	sleep 2 &&
	ask llama3.2 && is_dated 0 &&
	pids | diff before - &&
	grep "clock jumped" lighttpd.log
'

test_done

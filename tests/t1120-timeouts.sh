#!/bin/sh

# OYSTER_TIMEOUT is for the whole answer, however the model delays it.

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"

OYSTER_TIMEOUT=1
OYSTER_THREADS=4
OYSTER_MAX_INFLIGHT=4
export OYSTER_TIMEOUT OYSTER_THREADS OYSTER_MAX_INFLIGHT

start_model
start_lighttpd

for model in slow-1500 stall-head stall drip drip-head status-100 status-101
do
	test_expect_success "$model: 504 after a second" '
		ask $model -w "%{http_code}\n%{stderr}%{time_total}" 2>took &&
		status 504 &&
		error_is "the model server gave no full reply within OYSTER_TIMEOUT" &&
		unsigned &&
		test "$(header content-type)" = "application/json; charset=utf-8" &&
		grep -E "^(0\.9|[1-9])" took
	'
done

test_expect_success 'slow-500: in time' '
	ask slow-500 &&
	status 200 &&
	signed
'

test_expect_success 'each transfer was dropped' '
	wait_for 5 model_counts waiting 0
'

test_expect_success 'stalls in all threads hold up the others until the time-out, no longer' '
	for i in 1 2 3 4 5 6 7 8
	do
		mkdir $i && (cd $i && ask stall) &
	done
	sleep 0.3
	date +%s%N >began &&
	ask llama3.2
	wait
	date +%s%N >ended
	test "$(cat ?/status | sort -u)" = 504 &&
	test $((($(cat ended) - $(cat began)) / 1000000)) -lt 20000 &&
	ask llama3.2 &&
	status 200 &&
	signed
'

test_done

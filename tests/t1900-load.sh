#!/bin/sh

# Many clients at once: each gets the answer to its own prompt, signed, and
# afterwards the responders are as they were.

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"

OYSTER_THREADS=200
OYSTER_MAX_INFLIGHT=200
export OYSTER_THREADS OYSTER_MAX_INFLIGHT

start_model
start_lighttpd

# load CLIENTS REQUESTS MODEL [EVERY]
load() {
	"$PYTHON" "$TESTS/load.py" "$URL" "$1" "$2" "$3" "$EXCHANGES" "${4:-100}"
}

# Descriptors and threads of lighttpd and all it started.
count_things() {
	for pid in $(test_processes '' "$(server_pid lighttpd)")
	do
		echo "$pid" "$(find "/proc/$pid/fd" -type l | wc -l)" \
			"$(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l)"
	done
}

# Idle connections to the model stay open; threads that rest end after a while.
as_before() {
	count_things >now
	while read -r pid descriptors threads
	do
		awk -v pid="$pid" -v most=$((descriptors + 40)) -v threads="$threads" \
			'$1 == pid && $2 <= most && $3 <= threads { found = 1 }
			END { exit !found }' now || return 1
	done <before
}

test_expect_success '300 clients wait half a second, and all are answered' '
	date +%s%N >began &&
	load 300 300 slow-500 10 &&
	took=$((($(date +%s%N) - $(cat began)) / 1000000)) &&
	echo "$took ms" &&
	test $took -lt 10000 &&
	test "$(model_count requests)" = 300 &&
	test "$(model_count aborted)" = 0
'

test_expect_success 'then nothing is waiting' '
	model_counts waiting 0
'

count_things >before	# before any thread has rested for long

test_expect_success '2,000 requests over 16 connections' '
	load 16 2000 llama3.2
'

test_expect_success '300 clients again' '
	load 300 600 slow-100
'

test_expect_success 'there are no more descriptors and threads than before' '
	test "$(wc -l <before)" = 5 &&
	{ wait_for 10 as_before || { cat before now; return 1; }; }
'

test_expect_success 'more clients than threads: all are answered or told to come again' '
	load 600 600 slow-300 >said
	cat said
	test "$(sed "1d; s/^[0-9]*: //" said | sort -u)" = "" ||
	test "$(sed "1d; s/^[0-9]*: //" said | sort -u)" = "status 503"
'

test_expect_success 'and the next ones are served' '
	load 16 100 llama3.2 &&
	wait_for 10 as_before
'

test_done

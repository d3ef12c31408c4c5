#!/bin/sh
# Runs each fuzz target for FUZZ_SECONDS; `make fuzz' builds them first.
# FUZZ names some of them alone, FUZZ_JOBS is how many run at once.  What they
# find is in $B/fuzz/found.

set -eu
cd "${0%/*}/.."
: "${B:=build-fuzz}" "${FUZZ_SECONDS:=60}" "${FUZZ_JOBS:=1}" \
	"${FUZZ:=answer digest document json oracle respond show}"

mkdir -p "$B/fuzz/found"

# fuzz NAME
fuzz() {
	mkdir -p "$B/fuzz/corpus/$1"
	if ! "$B/fuzz/fuzz_$1" -max_total_time="$FUZZ_SECONDS" -timeout=10 \
		-rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$B/fuzz/found/$1-" \
		"$B/fuzz/corpus/$1" "tests/fuzz/corpus/$1" >"$B/fuzz/$1.log" 2>&1
	then
		tail -n 40 "$B/fuzz/$1.log" >&2
		return 1
	fi
	sed -n "s/^stat::number_of_executed_units: /$1: executions /p" "$B/fuzz/$1.log"
}

failed=0
running=
for name in $FUZZ
do
	fuzz "$name" &
	running="$running $!"
	# shellcheck disable=SC2086	# numbers
	set -- $running
	test $# -lt "$FUZZ_JOBS" && continue
	wait "$1" || failed=1
	shift
	running=$*
done
for job in $running
do
	wait "$job" || failed=1
done
exit $failed

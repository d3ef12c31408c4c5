#!/bin/sh
# Runs each fuzz target for FUZZ_SECONDS; `make fuzz' builds them first.
# FUZZ names some of them alone.  What they find is in $B/fuzz/found.

set -eu
cd "${0%/*}/.."
: "${B:=build-fuzz}" "${FUZZ_SECONDS:=60}" "${FUZZ:=answer digest document json oracle}"

failed=0
mkdir -p "$B/fuzz/found"
for name in $FUZZ
do
	grown="$B/fuzz/corpus/$name"
	mkdir -p "$grown"
	if ! "$B/fuzz/fuzz_$name" -max_total_time="$FUZZ_SECONDS" -timeout=10 \
		-rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$B/fuzz/found/$name-" \
		"$grown" "tests/fuzz/corpus/$name" >"$B/fuzz/$name.log" 2>&1
	then
		failed=1
		tail -n 40 "$B/fuzz/$name.log" >&2
	fi
	sed -n "s/^stat::number_of_executed_units: /$name: executions /p" "$B/fuzz/$name.log"
done
exit $failed

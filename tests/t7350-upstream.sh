#!/bin/sh

# The model server misbehaves in every way, for 64 clients at once; recorded
# replies are cut, stalled and corrupted at every byte.  STRIDE is every which
# byte; `make torture' tries all.

. "${0%/*}/lib.sh"
. "$TESTS/lib-torture.sh"

STRIDE=${STRIDE:-17}
OYSTER_TIMEOUT=1
OYSTER_MAX_REPLY=1000000
OYSTER_THREADS=80
OYSTER_MAX_INFLIGHT=70
export OYSTER_TIMEOUT OYSTER_MAX_REPLY OYSTER_THREADS OYSTER_MAX_INFLIGHT

start_model
start_lighttpd

test_expect_success 'each misbehaviour of the practice model, 64 times at once' '
	tell "$PYTHON" "$TESTS/torture/upstream.py" rows "$PORT" "$B/practice-model"
'

test_expect_success 'recorded replies, cut, stalled and corrupted' '
	stop_lighttpd &&
	model_port=$(free_port) &&
	OYSTER_UPSTREAM=http://127.0.0.1:$model_port &&
	start_lighttpd &&
	tell "$PYTHON" "$TESTS/torture/upstream.py" offsets "$PORT" "$model_port" \
		"$STRIDE" "$TESTS"/replies/*.json
'

test_done

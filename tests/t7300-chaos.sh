#!/bin/sh
# shellcheck disable=SC2034	# variables are used in the bodies of tests

# Responders, signers, model server and lighttpd come and go under load.
# CHAOS_SECONDS is how long each of them does; `make chaos' gives it 120.

. "${0%/*}/lib.sh"
. "$TESTS/lib-torture.sh"

CHAOS_SECONDS=${CHAOS_SECONDS:-8}
MANY=1	# seconds between two kills of a responder or signer
FEW=$((CHAOS_SECONDS < 60 ? 2 : 5))	# the same of the model server and of restarts

not_sanitized 'a sanitizer keeps what was freed'

OYSTER_THREADS=200
OYSTER_MAX_INFLIGHT=200
export OYSTER_THREADS OYSTER_MAX_INFLIGHT

# chaos KIND EVERY: with a model server of its own, on the port that was free.
chaos() {
	tell "$PYTHON" "$TESTS/torture/chaos.py" "$1" "$CHAOS_SECONDS" "$2" \
		"$(server_pid lighttpd)" "$OYSTER_RUN_DIR" "$PORT" "$MODEL_PORT" \
		"$B/practice-model"
}

remember MODEL_PORT="$(free_port)"
OYSTER_UPSTREAM=http://127.0.0.1:$MODEL_PORT
export OYSTER_UPSTREAM
start_lighttpd

test_expect_success 'responders are killed: what they were at fails, nothing else' '
	chaos responder $MANY
'

test_expect_success 'signers are killed: the same' '
	chaos signer $MANY
'

test_expect_success 'the model server is killed: 502 until it is back' '
	chaos model $FEW
'

test_expect_success 'lighttpd restarts gracefully: nothing fails' '
	chaos restart $FEW
'

test_done

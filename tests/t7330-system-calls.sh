#!/bin/sh

# Every system call that a request makes fails, or is the last one: the client
# gets what verifies, an error, or a part that shows.  STRIDE is every which
# case; `make torture' tries all.

. "${0%/*}/lib.sh"
. "$TESTS/lib-torture.sh"

STRIDE=${STRIDE:-11}

not_sanitized 'a leak checker does not like to be traced'
strace -o /dev/null true || skip_all 'strace cannot trace here'

# One responder with one thread, so that each call has a number.
sed 's/"\(min\|max\)-procs" => 2/"\1-procs" => 1/' "$TOP/conf/lighttpd.conf" >one.conf
OYSTER_THREADS=1
OYSTER_MAX_INFLIGHT=1
MODEL_PORT=$(free_port)
OYSTER_UPSTREAM=http://127.0.0.1:$MODEL_PORT
OYSTER_PORT=$(free_port)
# strace puts another number in place of a call that is to fail: the filter would kill.
OYSTER_SANDBOX=off
export OYSTER_THREADS OYSTER_MAX_INFLIGHT OYSTER_UPSTREAM OYSTER_PORT MODEL_PORT OYSTER_SANDBOX

for who in responder signer
do
	test_expect_success "each system call of a $who returns each error" '
		tell "$PYTHON" "$TESTS/torture/calls.py" errors $who "$STRIDE" one.conf "$B"
	'
done

for who in responder signer lighttpd model
do
	test_expect_success "a $who is killed at each of its system calls" '
		tell "$PYTHON" "$TESTS/torture/calls.py" kills $who "$(((STRIDE + 7) / 8))" one.conf "$B"
	'
done

test_done

#!/bin/sh

# Every limit at its edge: what just fits is signed, one more is refused.

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"

OYSTER_MAX_BODY=100000
OYSTER_MAX_REPLY=150000
OYSTER_MAX_TOKEN=1000
OYSTER_THREADS=8
OYSTER_MAX_INFLIGHT=2
export OYSTER_MAX_BODY OYSTER_MAX_REPLY OYSTER_MAX_TOKEN OYSTER_THREADS OYSTER_MAX_INFLIGHT

start_model
start_lighttpd

# --- OYSTER_MAX_BODY, which lighttpd knows only in KiB: 98 KiB here ---

# body_of BYTES
body_of() {
	printf '{"model":"huge-5","prompt":"'
	head -c $(($1 - 30)) /dev/zero | tr '\0' x
	printf '"}'
}

for how in "X-Framing: by length" "Transfer-Encoding: chunked"
do
	for size in 99999 100000
	do
		test_expect_success "a body of $size bytes, $how" '
			body_of $size >sent &&
			test "$(wc -c <sent)" = $size &&
			post sent -H "$how" &&
			status 200 &&
			signed
		'
	done
	for size in 100001 100352 100353 1000000
	do
		test_expect_success "a body of $size bytes is too large, $how" '
			body_of $size >sent &&
			post sent -H "$how" &&
			status 413 &&
			unsigned &&
			error_is "the request body is larger than OYSTER_MAX_BODY"
		'
	done
done

# --- OYSTER_MAX_REPLY ---

# reply_of BYTES: with the digits of created_at that most answers have.
reply_of() {
	test -n "$rest" || {
		ask huge-100000 &&
		rest=$(sed 's/"created_at":"[^"]*"/"created_at":"2025-01-01T00:00:00.123456789Z"/' body | wc -c) &&
		rest=$((rest - 100000))
	}
	ask huge-$(($1 - rest))
}
rest=

at_the_limit() {
	reply_of 150000 && status 200 && signed && test "$(wc -c <body)" = 150000
}

above_the_limit() {
	reply_of 150001 &&
	status 502 &&
	unsigned &&
	error_is "the model server's reply is larger than OYSTER_MAX_REPLY"
}

test_expect_success 'a reply of OYSTER_MAX_REPLY bytes' 'wait_for 5 at_the_limit'
test_expect_success 'a reply of one byte more' 'wait_for 5 above_the_limit'

# --- OYSTER_MAX_TOKEN ---

test_expect_success 'tokens of a context' '
	post -d "{\"model\":\"m\",\"prompt\":\"p\",\"context\":[0,999,1000]}" &&
	status 200 &&
	signed &&
	post -d "{\"model\":\"m\",\"prompt\":\"p\",\"context\":[0,999,1001]}" &&
	status 400 &&
	unsigned &&
	error_is "context must be an array of tokens: integers from 0 to the largest allowed"
'

test_expect_success 'no token of a client reaches the vocabulary of the model' '
	post -d "{\"model\":\"m\",\"prompt\":\"p\",\"context\":[99999999]}" &&
	status 400 &&
	ask llama3.2 &&
	status 200
'

# --- depth ---

# nested TIMES OPEN CLOSE
nested() {
	perl -e 'print "{\"model\":\"m\",\"prompt\":\"p\",\"x\":", $ARGV[1] x $ARGV[0], $ARGV[2] x $ARGV[0], "}"' "$@"
}

test_expect_success 'nesting of 128, and of 129' '
	nested 127 "[" "]" >sent && post sent && status 200 && signed &&
	nested 128 "[" "]" >sent && post sent && status 400 && unsigned &&
	grep "is nested deeper than 128 levels" body &&
	nested 63 "{\"a\":[" "]}" >sent && post sent && status 200 && signed &&
	nested 64 "{\"a\":[" "]}" >sent && post sent && status 400 &&
	nested 50000 "[" "" >sent && post sent && status 400
'

# --- OYSTER_MAX_INFLIGHT: of each of the two responders ---

test_expect_success 'beyond OYSTER_MAX_INFLIGHT: 503 at once, unseen by the model' '
	before=$(model_count requests) &&
	for i in 1 2 3 4 5 6 7 8 9 10 11 12
	do
		mkdir $i && (cd $i && ask slow-1500 -w "%{http_code}\n%{stderr}%{time_total}" 2>took) &
	done
	wait
	served=0 busy=0
	for i in 1 2 3 4 5 6 7 8 9 10 11 12
	do
		cd $i || return 1
		if status 200 >/dev/null
		then
			signed || return 1
			served=$((served + 1))
		else
			status 503 &&
			unsigned &&
			test "$(header retry-after)" = 1 &&
			error_is "too many requests are waiting for the model" &&
			grep "^0\.[0-9]" took || return 1
			busy=$((busy + 1))
		fi
		cd ..
	done
	echo "$served served, $busy busy" &&
	test $served = 4 && test $busy = 8 &&
	model_counts requests $((before + 4))
'

test_expect_success 'later ones are served again' '
	for i in 1 2 3 4 5 6
	do
		ask llama3.2 && status 200 && signed || return 1
	done
'

test_expect_success 'a responder that is busy answers everything else' '
	for i in 21 22 23 24
	do
		mkdir $i && (cd $i && ask slow-8000) &
	done
	wait_for 5 model_counts waiting 4 &&
	for i in 1 2 3 4
	do
		fetch GET /health && status 200 || return 1
		fetch GET /oyster/signer && status 200 || return 1
		post -d "{}" && status 400 || return 1
	done
	model_counts waiting 4
	left=$?
	wait
	return $left
'

test_done

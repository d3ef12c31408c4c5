#!/bin/sh

# The exchange signature.  That it verifies is what the checkers say of every
# answer of the whole suite; here is where it stands, and what it refuses.

. "${0%/*}/lib.sh"
OYSTER_THREADS=8 OYSTER_MAX_INFLIGHT=1 OYSTER_TIMEOUT=2 OYSTER_MAX_BODY=1500
export OYSTER_THREADS OYSTER_MAX_INFLIGHT OYSTER_TIMEOUT OYSTER_MAX_BODY

start_model
start_lighttpd

requests() {
	sed 's/.*"requests":\([0-9]*\).*/\1/' "$1"
}

busy() {
	curl -s "$MODEL_URL/oyster/stats" | grep '"waiting":[12]'
}

two_busy() {
	curl -s "$MODEL_URL/oyster/stats" | grep '"waiting":2'
}

exchange_signed() {
	for name in content-digest x-oyster-request-digest signature-input signature
	do
		header "$name" >>fields || return 1
	done
}

# ask MODEL: by hand what needs no file
ask() {
	model=$1
	shift
	post -d "{\"model\":\"$model\",\"prompt\":\"why\"}" "$@"
}

while read -r code model
do
	test_expect_success "a $code of the model server's ($model) is signed as an exchange" "
		ask $model && status $code && exchange_signed
	"
done <<\EOF
200 good
400 status-400
404 nope
500 status-500
502 garbage
502 status-302
503 status-503
504 stall-head
EOF

test_expect_success 'two lines of NDJSON are signed as an exchange' '
	post -d "{\"model\":\"m\",\"prompt\":\"x\",\"stream\":true}" &&
	status 200 && exchange_signed && signed
'

test_expect_success 'a refused request is signed as an exchange, without a receipt' '
	post -d "{\"model\":" && status 400 && exchange_signed && unsigned
'

test_expect_success 'so is one without a body' '
	post -d "" && status 400 && exchange_signed
'

# lighttpd counts in KiB and lets this pass.
test_expect_success 'so is one that is too large for the responder' '
	head -c 1501 /dev/zero | tr "\0" " " >large &&
	post large && status 413 && exchange_signed
'

test_expect_success 'so is one that comes while the model is busy, and costs no connection' '
	(mkdir a && cd a && ask slow-1500:a) &
	wait_for 5 busy &&
	(mkdir b && cd b && ask slow-1500:b) &
	wait_for 5 two_busy &&
	curl -s "$MODEL_URL/oyster/stats" >before &&
	ask good && status 503 && exchange_signed &&
	test "$(header retry-after)" = 1 &&
	curl -s "$MODEL_URL/oyster/stats" >after &&
	requests before >n && requests after | diff n - &&
	wait
'

while read -r method path
do
	test_expect_success "$method $path is signed as an exchange" "
		fetch $method $path && status 200 && exchange_signed
	"
done <<\EOF
GET /health
HEAD /health
GET /oyster/signer
HEAD /oyster/signer
EOF

while read -r code method path
do
	test_expect_success "$method $path is answered $code, unsigned" "
		fetch $method $path && status $code && unsigned &&
		! header signature && ! header signature-input
	"
done <<\EOF
404 GET /
404 GET /api/tags
405 GET /api/generate
405 PUT /api/generate
405 DELETE /health
EOF

test_expect_success 'receipt and exchange of an answer have one second' '
	ask good &&
	header signature-input >input &&
	grep ";created=$(header x-oyster-timestamp);" input
'

test_expect_success 'without a nonce there is none' '
	ask good && header signature-input >input && ! grep nonce input
'

test_expect_success 'a nonce is signed' '
	ask good -H "x-oyster-nonce: Az09-._~+/=" && status 200 &&
	header signature-input >input &&
	grep -F ";nonce=\"Az09-._~+/=\";" input
'

test_expect_success 'a nonce has up to 128 characters' '
	nonce=$(printf "%0128d" 1) &&
	ask good -H "x-oyster-nonce: $nonce" && status 200 &&
	ask good -H "x-oyster-nonce: 0$nonce" && status 400
'

while read -r nonce
do
	test_expect_success "the nonce <$nonce> is refused" "
		ask good -H 'x-oyster-nonce: $nonce' && status 400 &&
		error_is 'x-oyster-nonce must have 1 to 128 characters out of A-Z a-z 0-9 - . _ ~ + / =' &&
		header signature-input >input && ! grep nonce input
	"
done <<\EOF
a b
a,b
a"b
a";keyid="x
a;b
a\b
né
EOF

test_expect_success 'two nonces are refused' '
	ask good -H "x-oyster-nonce: a" -H "x-oyster-nonce: b" && status 400
'

# For CGI they are one name, and either could be the first.
test_expect_success 'two nonces are refused, however they are spelled' '
	ask good -H "x_oyster_nonce: a" -H "x-oyster-nonce: b" && status 400 &&
	ask good -H "x-oyster-nonce: b" -H "x_oyster_nonce: a" && status 400
'

sum() {
	perl -MDigest::SHA=sha256 -MMIME::Base64 -e 'print encode_base64(sha256(shift), "")' "$1"
}
sky='{"model":"m","prompt":"Why is the sky blue?"}'
# shellcheck disable=SC2034	# used in bodies
right=$(sum "$sky")
# shellcheck disable=SC2034
wrong=$(sum "$sky ")

test_expect_success 'a request with its digest is answered' '
	post -d "$sky" -H "content-digest: sha-256=:$right:" && status 200 && signed
'

test_expect_success 'digests of other kinds are passed over' '
	post -d "$sky" -H "content-digest: sha-512=:$wrong:, unixsum=3, sha-256=:$right:" &&
	status 200 && signed
'

test_expect_success 'a request with another digest is refused before the model runs' '
	curl -s "$MODEL_URL/oyster/stats" >before &&
	post -d "$sky" -H "content-digest: sha-256=:$wrong:" && status 400 &&
	error_is "content-digest does not match the request body" &&
	curl -s "$MODEL_URL/oyster/stats" >after &&
	requests before >n && requests after | diff n -
'

test_expect_success 'a content-digest that is none is refused' '
	post -d "$sky" -H "content-digest: sha-256=$right" && status 400 &&
	error_is "content-digest is not a list of digests"
'

# --- forgeries ---

# keep NAME: the files of the last exchange
keep() {
	mkdir -p "$1" &&
	for file in "$test_here".*
	do
		cp "$file" "$1/0001.${file##*.}" || return 1
	done
}

# found_out DIRECTORY: by both checkers, which say so and do not break down
found_out() {
	if test -d "$TESTS/node_modules/ethers"
	then
		node "$TESTS/verify.mjs" "$1" >said
		test $? = 1 && grep '^0001' said || return 1
	fi
	"$PYTHON" "$TESTS/verify.py" "$1" >said
	test $? = 1 && grep '^0001' said
}

# spoil FILE SED-COMMAND: a copy of the good exchange, changed
spoil() {
	rm -rf spoiled && cp -r one spoiled &&
	sed "$2" "one/0001.$1" >"spoiled/0001.$1" &&
	! cmp -s "one/0001.$1" "spoiled/0001.$1"
}

swap() {
	rm -rf spoiled && cp -r one spoiled && cp "two/0001.$1" "spoiled/0001.$1"
}

test_expect_success 'a good exchange is kept to be forged' '
	post -d "$sky" -H "x-oyster-nonce: one" && keep one &&
	post -d "{\"model\":\"m\",\"prompt\":\"?\"}" -H "x-oyster-nonce: two" && keep two &&
	for each in one two
	do
		"$PYTHON" "$TESTS/verify.py" $each || exit 1
	done
'

while read -r what file change
do
	test_expect_success "a forged $what is found out" "
		spoil $file '$change' && found_out spoiled
	"
done <<\EOF
request request s/blue/grey/
answer body s/sky/sea/
status status s/200/201/
path path s/generate/generats/
method method s/POST/PUT/
nonce sent s/one/two/
nonce,signed headers s/nonce="one"/nonce="two"/
time headers s/created=1/created=2/
key headers s/keyid="0x1a/keyid="0x1b/
tag headers s/tag="oyster"/tag="other"/
content-digest headers s/^content-digest: sha-256=:./&A/
request-digest headers s/request-digest: sha-256=:./&A/
signature headers s/^signature: oyster=:./&A/
EOF

test_expect_success 'the headers of another exchange are found out' '
	swap headers && found_out spoiled
'

test_expect_success 'the answer to another request is found out' '
	swap request && found_out spoiled &&
	swap body && found_out spoiled
'

test_expect_success 'a receipt is no exchange signature, and the reverse' '
	sed -n "s/^x-oyster-signature: \([0-9a-f]*\).*/\1/p" one/0001.headers >hex &&
	base64=$(perl -pe "chomp; \$_ = pack q(H*), \$_" hex | base64 -w 0) &&
	spoil headers "s|^signature: .*|signature: oyster=:$base64:|" && found_out spoiled &&
	sed -n "s/^signature: oyster=:\([^:]*\):.*/\1/p" one/0001.headers >base64 &&
	hex=$(base64 -d base64 | perl -ne "print unpack q(H*), \$_") &&
	spoil headers "s|^x-oyster-signature: .*|x-oyster-signature: $hex|" && found_out spoiled
'

test_done

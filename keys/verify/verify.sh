#!/bin/sh
# verify.sh ADDRESS REQUEST ANSWER [NONCE [METHOD PATH]]
#
# Whether ADDRESS signed what `curl -si' saved as ANSWER to the request whose
# body is in the file REQUEST.  Needs jq, bc and openssl, and nothing that knows
# of Ethereum: Keccak-256 and the curve are below.  To be read, and for answers
# of some KB; oyster-verify(1) is for work.  oyster-receipt(7) says why it is
# done like this.
set -eu
LC_ALL=C
export LC_ALL
address=$(printf %s "${1:?}" | tr A-F a-f) request=${2:?} answer=${3:?}
nonce=${4:-} method=${5:-POST} path=${6:-/api/generate}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
body=$dir/body head=$dir/head found=

no() {
	echo "not verified: $*" >&2
	exit 1
}

hex() {
	od -An -v -tx1 | tr -d ' \n'
}

# zeros BYTES: in hexadecimal digits
zeros() {
	head -c $((2 * $1)) /dev/zero | tr '\0' 0
}

# matches EXTENDED-REGULAR-EXPRESSION TEXT
matches() {
	test "$(printf '%s\n' "$2" | wc -l)" = 1 && printf '%s\n' "$2" | grep -qxE -e "$1"
}

# --- Keccak-256: hexadecimal digits in, hexadecimal digits out ---

# rotate VALUE BITS: an expression; >> of sh keeps the sign
rotate() {
	test "$2" = 0 && echo "$1" ||
	echo "(($1 << $2) | (($1 >> (64 - $2)) & ((1 << $2) - 1)))"
}

# One round as assignments to a0 ... a24, written out once.
# shellcheck disable=SC2016	# for eval
keccak_round() {
	for x in 0 1 2 3 4
	do
		echo "c$x=\$((a$x ^ a$((x + 5)) ^ a$((x + 10)) ^ a$((x + 15)) ^ a$((x + 20))))"
	done
	for x in 0 1 2 3 4
	do
		echo "d$x=\$((c$(((x + 4) % 5)) ^ $(rotate "c$(((x + 1) % 5))" 1)))"
	done
	x=1 y=0 t=1
	echo 'b0=$((a0 ^ d0))'
	while test $t -lt 25
	do
		to=$((y + 5 * ((2 * x + 3 * y) % 5)))
		echo "t=\$((a$((x + 5 * y)) ^ d$x))"
		echo "b$to=\$(($(rotate t $((t * (t + 1) / 2 % 64)))))"
		z=$(((2 * x + 3 * y) % 5)) x=$y y=$z t=$((t + 1))
	done
	for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24
	do
		y=$((i / 5 * 5))
		echo "a$i=\$((b$i ^ (~b$(((i + 1) % 5 + y)) & b$(((i + 2) % 5 + y)))))"
	done
	echo 'a0=$((a0 ^ (0x${1%:*} << 60) ^ 0x${1#*:}))'
}
eval "keccak_round() { $(keccak_round); }"

# The lanes are little-endian: 8 bytes as two numbers, as sh stops at 2^63 - 1.
keccak_absorb() {
	i=0
	while test $# -gt 0
	do
		eval "a$i=\$((a$i ^ (0x$1 << 32) ^ 0x$2))"
		shift 2
		i=$((i + 1))
	done
	for constant in 0:00000001 0:00008082 8:0000808a 8:80008000 0:0000808b 0:80000001 \
		8:80008081 8:00008009 0:0000008a 0:00000088 0:80008009 0:8000000a \
		0:8000808b 8:0000008b 8:00008089 8:00008003 8:00008002 8:00000080 \
		0:0000800a 8:8000000a 8:80008081 8:00008080 0:80000001 8:80008008
	do
		keccak_round $constant
	done
}

keccak256() {
	pad=$((136 - ${#1} / 2 % 136))	# bytes: 01 00 ... 00 80, or 81
	{
		printf %s "$1"
		case $pad in
		1) printf 81 ;;
		*) printf 01 && zeros $((pad - 2)) && printf 80 ;;
		esac
	} >"$dir/message"
	for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24
	do
		eval "a$i=0"
	done
	fold -w 272 "$dir/message" >"$dir/blocks"
	echo >>"$dir/blocks"
	eight='\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)'
	sed "s/$eight/\\8\\7\\6\\5 \\4\\3\\2\\1 /g" "$dir/blocks" >"$dir/lanes"
	while read -r block
	do
		# shellcheck disable=SC2086	# words
		keccak_absorb $block
	done <"$dir/lanes"
	# shellcheck disable=SC2154	# by eval
	printf '%016x%016x%016x%016x' "$a0" "$a1" "$a2" "$a3" | sed "s/$eight/\\8\\7\\6\\5\\4\\3\\2\\1/g"
}

# --- secp256k1: who made this signature of this digest ---

# recover DIGEST R S V: the public key X Y of 128 digits, or nothing
recover() {
	BC_LINE_LENGTH=0 bc <<-BC | tr A-F a-f | sed -n 's/^1\(.\{128\}\)$/\1/p'
	ibase=16
	p=FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F
	n=FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
	g=79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798
	h=483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8
	e=$(printf %s "$1" | tr a-f A-F)
	r=$(printf %s "$2" | tr a-f A-F)
	s=$(printf %s "$3" | tr a-f A-F)
	define r(b, m) { b %= m; if (b < 0) b += m; return (b); }
	define w(b, e, m) {
		auto k
		k = 1
		while (e > 0) { if (e % 2) k = k * b % m; b = b * b % m; e /= 2; }
		return (k)
	}
	/* x, y, z is a point x/z^2, y/z^3; z is 0 at infinity.  Double it. */
	define d() {
		auto m, s, u
		s = 4 * x * y * y % p; m = 3 * x * x % p; u = y * y % p
		z = 2 * y * z % p; x = r(m * m - 2 * s, p); y = r(m * (s - x) - 8 * u * u, p)
	}
	/* Add the point i, j. */
	define a(i, j) {
		auto b, c, k, q, u
		if (z == 0) { x = i; y = j; z = 1; return (0); }
		b = z * z % p; k = r(i * b - x, p); q = r(j * b * z - y, p)
		if (k == 0) { if (q == 0) d(); if (q != 0) z = 0; return (0); }
		b = k * k % p; c = b * k % p; u = x * b % p
		x = r(q * q - c - 2 * u, p); y = r(q * (u - x) - y * c, p); z = z * k % p
	}
	t = w(r(r^3 + 7, p), (p + 1) / 4, p)
	if ((t * t - r^3 - 7) % p == 0 && r > 0 && r < n && s > 0 && s <= n / 2) {
		if (t % 2 != $(($4 - 27))) t = p - t
		k = w(r, n - 2, n); u = r(-e * k, n); v = s * k % n; z = 0
		for (b = 2^FF; b > 0; b /= 2) {
			d()
			if (u >= b) { u -= b; a(g, h); }
			if (v >= b) { v -= b; a(r, t); }
		}
		if (z) {
			k = w(z, p - 2, p)
			obase=10
			2^200 + x * k^2 % p * 2^100 + y * k^3 % p
		}
	}
	BC
}

# check WHAT DIGEST SIGNATURE: the signature in hexadecimal digits
check() {
	matches '[0-9a-f]{128}1[bc]' "$3" || no "$1: not r s v with v 27 or 28"
	s=${3#????????????????????????????????????????????????????????????????}
	key=$(recover "$2" "${3%"$s"}" "${s%??}" $((0x${s#"${s%??}"})))
	test "${#key}" = 128 || no "$1: r or s out of range"
	signer=$(keccak256 "$key")
	test "0x${signer#????????????????????????}" = "$address" ||
		no "$1: made by 0x${signer#????????????????????????}"
	found="$found $1"
}

# --- the saved answer ---

# The last head goes into a file, and how many bytes came up to its end.
read_head() {
	awk -v head="$head" '
		{ bytes += length($0) + 1; sub(/\r$/, "") }
		fresh && !/^HTTP\/[0-9.]+ [1-9][0-9][0-9]( |$)/ { exit 1 }
		fresh { printf "" >head; interim = $2 ~ /^1/; fresh = 0 }
		{ print >head }
		/^$/ && interim { close(head); fresh = 1; next }
		/^$/ { print bytes; exit 0 }
		BEGIN { fresh = 1 }' "$answer"
}

# field NAME: its value; nothing when it is not there
field() {
	awk -v name="$1" '
		{ colon = index($0, ":") }
		NR > 1 && colon && tolower(substr($0, 1, colon - 1)) == name {
			value = substr($0, colon + 1)
			gsub(/^[ \t]+|[ \t]+$/, "", value)
			print value
			count++
		}
		END { exit count > 1 }' "$head" || no "$1 stands twice"
}

# --- receipts ---

# is_json FILE: one object, no key twice; jq alone would let pass what is not
# UTF-8, halves of surrogate pairs and bare control characters.
is_json() {
	iconv -f UTF-8 -t UTF-8 "$1" >/dev/null 2>&1 &&
	test "$(head -c 1 "$1" | hex)" != ef &&
	sed 's/\\\\//g; s/\\u[dD][89abAB]..\\u[dD][c-fC-F]..//g' "$1" >"$dir/plain" &&
	! grep -q '\\u[dD][89a-fA-F]' "$dir/plain" &&
	sed 's/\\"//g' "$dir/plain" |
		awk -v RS='"' 'NR % 2 == 0 && /[\001-\037]/ { exit bad = 1 } END { exit bad }' &&
	jq -e -s 'length == 1 and (.[0] | type == "object")' "$1" >/dev/null 2>&1 &&
	jq -e -n --stream '[inputs | select(length + (.[0] | length) == 3) | .[0][0]] |
		length == (unique | length)' "$1" >/dev/null 2>&1
}

# string FILE NAME: in hexadecimal digits
string() {
	jq -e ".$2 | type == \"string\"" "$1" >/dev/null || no "$2 is not a string"
	jq -j ".$2" "$1" | hex
}

# context FILE: also in hexadecimal digits, and only as it is written
context() {
	text=$(jq -c 'if .context == null then [] else .context end' "$1")
	matches '\[(-?[0-9]+(,-?[0-9]+)*)?\]' "$text" || no "context is not an array of integers"
	test "$text" = '[]' || tr -d ' \t\r\n' <"$1" | grep -qF "\"context\":$text" ||
		no "context has a number in an odd spelling"
	printf %s "$text" | hex
}

word() {
	printf %064x "$1"
}

# encode HEX...: abi.encode of strings
encode() {
	offset=$((32 * $#)) tail=
	for one
	do
		len=$((${#one} / 2)) padding=$(((32 - ${#one} / 2 % 32) % 32))
		tail=$tail$(word $len)$one$(zeros $padding)
		word $offset
		offset=$((offset + 32 + len + padding))
	done
	printf %s "$tail"
}

# check_line FILE DONE: what each line of an answer must be, for $model
check_line() {
	is_json "$1" || no "the answer is not a JSON object"
	jq -e ".done == $2" "$1" >/dev/null || no "done is not $2"
	jq -e '[.error, .remote_host, .remote_model] | all(. == null or . == "" or . == {} or
		. == [] or . == false)' "$1" >/dev/null || no "an error, or an answer from elsewhere"
	its=$(string "$1" model)
	test "$its" = "$model" || no "another model answered"
}

# Values come by assignments alone: set -e looks at those, not into arguments.
check_receipt() {
	matches '0|[1-9][0-9]{0,17}' "$seconds" || no "x-oyster-timestamp is not a number"
	test "$status" = 200 || no "a receipt on a $status"
	test "$method $path" = 'POST /api/generate' || no "a receipt on $method $path"
	is_json "$request" || no "the request is not a JSON object"
	jq -e '[.system, .template, .suffix, .format, .raw, .images, .think, .truncate, .shift,
		.logprobs, .top_logprobs, .options] | all(. == null or . == "" or . == {} or
		. == [] or . == false)' "$request" >/dev/null ||
		no "a receipt does not say all that was asked"
	jq 'if .prompt == null then .prompt = "" else . end' "$request" >"$dir/asked"
	model=$(string "$dir/asked" model)
	prompt=$(string "$dir/asked" prompt)
	request_context=$(context "$request")
	first=$body last=$body
	if test "$(wc -l <"$body")" != 0 && jq -e '.stream == true' "$request" >/dev/null
	then
		test "$(wc -l <"$body")$(tail -c 1 "$body")" = 2 || no "the answer is not two lines"
		first=$dir/first last=$dir/last
		head -n 1 "$body" >"$first"
		tail -n 1 "$body" >"$last"
		check_line "$first" false
		its=$(string "$last" response)
		test -z "$its" || no "there is text in the last line, too"
	fi
	check_line "$last" true
	response=$(string "$first" response)
	response_context=$(context "$last")
	if jq -e '.context != null' "$first" >/dev/null
	then
		its=$(context "$first")
		test "$its" = "$response_context" || no "there are two contexts"
	fi
	arguments=$(encode "$model" "$prompt" "$request_context" "$response" "$response_context")
	message=$(printf '|oyster-hasher||timestamp|' | hex)$(printf %016x "$seconds")
	message=$message$(printf '|ollama_signature_parameters|' | hex)$arguments
	hash=$(keccak256 "$message")
	check receipt "$hash" "${receipt#0x}"
}

# --- exchanges ---

digest() {
	printf 'sha-256=:%s:' "$(openssl dgst -sha256 -binary "$1" | base64)"
}

check_exchange() {
	matches 'POST /api/generate|(GET|HEAD) /(health|oyster/signer)' "$method $path" ||
		no "nothing of $method $path is signed"
	components='("@status" "@method";req "@path";req "content-digest" "x-oyster-request-digest")'
	created=$(printf %s "$input" | sed -n 's/.*;created=\([0-9]*\);.*/\1/p')
	its=$(printf %s "$input" | sed -n 's/.*\(;nonce="[A-Za-z0-9._~+/=-]\{1,128\}"\);keyid=.*/\1/p')
	matches '0|[1-9][0-9]*' "$created" || no "signature-input has no created"
	params="$components;created=$created$its;keyid=\"$address\";tag=\"oyster\""
	test "$input" = "oyster=$params" || no "signature-input is not oyster=$params"
	test -z "$nonce" || test "$its" = ";nonce=\"$nonce\"" || no "another nonce was answered"
	test "$created" = "${seconds:-$created}" || no "there are two different times"

	its=$(digest "$body")
	test "$of_answer" = "$its" || no "another answer was signed"
	its=$(digest "$request")
	test "$of_request" = "$its" || no "another request was answered"
	base=$(printf '"@status": %s\n"@method";req: %s\n"@path";req: %s\n' "$status" "$method" "$path"
		printf '"content-digest": %s\n"x-oyster-request-digest": %s\n' "$of_answer" "$of_request"
		printf '"@signature-params": %s' "$params")

	base64=$(printf %s "$signature" | sed -n 's/^oyster=:\(.*\):$/\1/p')
	printf %s "$base64" | base64 -d >"$dir/signature" 2>/dev/null || no "signature is not in base64"
	its=$(base64 -w 0 "$dir/signature")
	test "$its" = "$base64" || no "signature is in another spelling of base64"
	message=$(printf '\031Ethereum Signed Message:\n%d%s' "${#base}" "$base" | hex)
	hash=$(keccak256 "$message")
	its=$(hex <"$dir/signature")
	check exchange "$hash" "$its"
}

bytes=$(read_head) || no "this is not an answer"
test -n "$bytes" || no "this is half an answer"
tail -c "+$((bytes + 1))" "$answer" >"$body"
status=$(sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p' "$head")
seconds=$(field x-oyster-timestamp)
receipt=$(field x-oyster-signature)
input=$(field signature-input)
signature=$(field signature)
of_answer=$(field content-digest)
of_request=$(field x-oyster-request-digest)
test -z "$seconds$receipt" || check_receipt
test -z "$input$signature$of_answer$of_request" || check_exchange
case $nonce:$found in
*:) no "there is nothing to verify" ;;
?*:' receipt') no "a receipt says nothing of a nonce" ;;
esac
echo "signed by $address:$found"

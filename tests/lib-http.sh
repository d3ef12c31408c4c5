# shellcheck shell=sh
#
# lib-http.sh - asking lighttpd, and what a test says of the answer.  Part of
# lib.sh, which sets the variables.

# --- requests and answers ---

# post FILE [CURL OPTION...]
# post -d TEXT [CURL OPTION...]
# The last answer is in the current directory as status, headers and body, what
# was asked as request: requests in parallel want a directory each.  Returns
# what curl returned.
post() {
	test_claim
	case $1 in
	-d)	shift && printf '%s' "$1" >"$test_here.request" ;;
	*)	cat "$1" >"$test_here.request" ;;
	esac || return 1
	shift
	test_transfer POST /api/generate --data-binary "@$test_here.request" "$@"
}

# repeat N TEXT: TEXT is for sed's s.
repeat() {
	printf "%0$1d" 0 | sed "s/0/$2/g"
}

# ask_model MODEL PROMPT [FIELDS]
ask_model() {
	printf '{"model":"%s","prompt":"%s"%s}' "$1" "$2" "${3:+,$3}" >asked.json &&
	post asked.json
}

# fetch METHOD TARGET [CURL OPTION...]: TARGET stands on the request line as it
# is.  A body is given with --data-binary, --data-raw or -T.
fetch() {
	test_claim
	: >"$test_here.request"
	test_transfer "$@"
}

# The answer just fetched has a good reason not to be signed.
nocheck() {
	: >"$test_here.nocheck"
}

# signer ADDRESS: the answer just fetched is from another key than the tests'.
signer() {
	printf '%s' "$1" >"$test_here.signer"
}

# A number for the next exchange.  The file that is created tells who was
# first, .next only where to begin looking.
test_claim() {
	read -r test_number <"$EXCHANGES/.next" || test_number=1
	until test_here=$EXCHANGES/$(printf '%04d' "$test_number") &&
	      (set -C && : >"$test_here.method") 2>/dev/null
	do
		test_number=$((test_number + 1))
	done
	echo "$((test_number + 1))" >"$EXCHANGES/.next"
}

# test_transfer METHOD TARGET [CURL OPTION...]
test_transfer() {
	printf '%s\n' "$1" >"$test_here.method"
	printf '%s\n' "$2" >"$test_here.path"
	: >"$test_here.body"
	: >"$test_here.all"
	test_note_options "$@" || return 2
	case $1 in
	HEAD)	test_how="--head -o /dev/null" ;;
	*)	test_how="-X $1 -o $test_here.body" ;;
	esac
	test_target=$2
	shift 2
	# shellcheck disable=SC2086	# words without spaces
	curl -q -sS -m 60 --noproxy '*' $test_how -D "$test_here.all" \
		-w '%{http_code}\n' --request-target "$test_target" "$@" "$URL/" \
		>"$test_here.code"
	test_keep $?
}

# Notes the headers and the body that curl is told to send.
test_note_options() {
	: >"$test_here.sent"
	while test $# -gt 1
	do
		case $1$2 in
		-H* | --header*)
			printf '%s\n' "$2" >>"$test_here.sent" ;;
		"--data-binary@$test_here.request")
			;;
		--data-binary@*)
			cat "${2#@}" >"$test_here.request" || return 1 ;;
		--data-binary* | --data-raw*)
			printf '%s' "$2" >"$test_here.request" ;;
		-T*)
			cat "$2" >"$test_here.request" || return 1 ;;
		-d* | --data* | -F* | --form* | --json* | --upload-file*)
			echo "lib.sh does not know what $1 sends" >&2
			return 1 ;;
		esac
		shift
	done
}

# An answer that arrived whole is one to check: it has a .status.
test_keep() {
	awk '/^HTTP\// { head = "" } { head = head $0 "\n" } END { printf "%s", head }' \
		"$test_here.all" >"$test_here.headers"	# without 100 Continue
	cp "$test_here.headers" headers
	cp "$test_here.request" request
	cp "$test_here.body" body
	cp "$test_here.code" status
	test "$1" != 0 || mv "$test_here.code" "$test_here.status"
	rm -f "$test_here.all"
	return "$1"
}

# --- what a test says of the last answer ---

# status CODE
status() {
	test "$(cat status)" = "$1" && return
	echo "status $(cat status), not $1; the answer is:"
	cat headers && head -c 500 body
	return 1
}

# header NAME: its value, or one line for each; fails without any.
header() {
	awk -v name="$1" '
		BEGIN { name = tolower(name) }
		{ colon = index($0, ":") }
		colon && tolower(substr($0, 1, colon - 1)) == name {
			value = substr($0, colon + 1)
			gsub(/^[ \t]+|[ \t\r]+$/, "", value)
			print value
			found = 1
		}
		END { exit !found }' headers
}

# error_is TEXT: as it stands between the quotes.
error_is() {
	printf '{"error":"%s"}\n' "$1" >"$TRASH/.expected" &&
	diff "$TRASH/.expected" body
}

signed() {
	header x-oyster-signature >/dev/null && return
	echo "no x-oyster-signature"
	return 1
}

unsigned() {
	! header x-oyster-signature && ! header x-oyster-timestamp
}

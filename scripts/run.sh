#!/bin/sh
# Runs the signing backend from this checkout: installs what is missing,
# builds, makes a key unless OYSTER_KEY_FILE names one, and serves on
# OYSTER_PORT (5000) until Ctrl-C.  See README.md for all settings.

set -eu
top=$(cd "${0%/*}/.." && pwd)
# shellcheck source=scripts/packages.sh
. "$top/scripts/packages.sh"
B=${B:-$top/build}

# shellcheck disable=SC2086
need_packages $BUILD_PACKAGES $RUN_PACKAGES
# Debian keeps servers out of a user's path.
PATH=$PATH:/usr/sbin:/sbin
make -s -C "$top" B="$B"

port=${OYSTER_PORT:-5000}
url=http://127.0.0.1:$port
server='' logger='' model='' work=''

# Never through a proxy of the environment.
ask() {
	curl -q -s -m 2 --noproxy '*' "$@"
}

# shellcheck disable=SC2317	# called by a trap
finish() {
	trap '' INT TERM HUP
	test -z "$server" || kill -TERM "$server" 2>/dev/null || :
	# The log ends when the last process that could write to it has.
	test -z "$logger" || wait "$logger" || :
	test -z "$model" || { kill "$model" 2>/dev/null && wait "$model"; } || :
	# Not where another server runs.
	if flock -n "$OYSTER_RUN_DIR/lock" true
	then
		rm -f "$OYSTER_RUN_DIR"/errors/[45]??.html "$OYSTER_RUN_DIR"/lock \
			"$OYSTER_RUN_DIR"/responder-* "$OYSTER_RUN_DIR"/lighttpd-upload-*
		rmdir "$OYSTER_RUN_DIR"/errors 2>/dev/null || :
	fi
	rm -rf "$work"
}

make_run_dir() {
	work=$(mktemp -d /tmp/oyster.XXXXXX)
	if test -n "${OYSTER_RUN_DIR:-}"
	then
		test -d "$OYSTER_RUN_DIR" || mkdir -m 0700 "$OYSTER_RUN_DIR"
	else
		OYSTER_RUN_DIR=$work
	fi
	export OYSTER_RUN_DIR
}

make_key() {
	test -z "${OYSTER_KEY_FILE:-}" || return 0
	OYSTER_KEY_FILE=$OYSTER_RUN_DIR/secp.sec
	export OYSTER_KEY_FILE
	test -e "$OYSTER_KEY_FILE" || "$B/oyster-key" new "$OYSTER_KEY_FILE"
}

# By which our own server is told from another on the same port.
find_address() {
	address=$("$B/oyster-key" address "$OYSTER_KEY_FILE")
}

# An upstream that was named is used whether it answers or not.
find_model() {
	answers=real
	if test -n "${OYSTER_UPSTREAM:-}"
	then
		ask -o "$work/version" "$OYSTER_UPSTREAM/api/version" ||
			echo "warning: nothing answers at $OYSTER_UPSTREAM yet"
		return
	fi
	OYSTER_UPSTREAM=http://127.0.0.1:11434
	if ! ask -o "$work/version" "$OYSTER_UPSTREAM/api/version"
	then
		answers=canned
		setsid "$B/practice-model" -w "$work/port" >/dev/null &
		model=$!
		while ! test -s "$work/port"
		do
			kill -0 "$model"
			sleep 0.05
		done
		OYSTER_UPSTREAM=http://127.0.0.1:$(cat "$work/port")
	fi
	export OYSTER_UPSTREAM
}

# One that the model server has, and that is not answered elsewhere.
name_model() {
	ask --max-filesize 1048576 "$OYSTER_UPSTREAM/api/tags" |
		grep -o '"name": *"[A-Za-z0-9._:/-]*"' | grep -v 'cloud"$' |
		head -n 1 | cut -d '"' -f 4 | grep . || echo llama3.2
}

start_server() {
	mkfifo "$work/log"
	cat "$work/log" >&2 &
	logger=$!
	# A session of its own: Ctrl-C is for this script to pass on, once.
	setsid "$B/oyster-responder" --check \
		lighttpd -D -f "$top/conf/lighttpd.conf" 2>"$work/log" &
	server=$!
	tries=600
	until ask "$url/oyster/signer" | grep -q "$address"
	do
		kill -0 "$server" 2>/dev/null || exit 1
		tries=$((tries - 1))
		test $tries -gt 0 || { echo "nothing of ours answers at $url" >&2; exit 1; }
		sleep 0.05
	done
}

say_hello() {
	cat <<-EOF

	signer    $address
	upstream  $OYSTER_UPSTREAM
	try       curl -i $url/api/generate -d '{"model":"$(name_model)","prompt":"Why is the sky blue?"}'
	EOF
	test $answers = real || cat <<-EOF

	No model server answers at http://127.0.0.1:11434, so the practice model
	does: its answers are CANNED, no model has thought about them.
	Set OYSTER_UPSTREAM to use a model server elsewhere.
	EOF
	echo
	echo "Ctrl-C ends it."
}

make_run_dir
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
make_key
find_address
find_model
start_server
say_hello

# lighttpd lets requests finish.
trap 'kill -INT "$server" 2>/dev/null || :' INT
while kill -0 "$server" 2>/dev/null
do
	wait "$server" && code=0 || code=$?
done
server=
exit "$code"

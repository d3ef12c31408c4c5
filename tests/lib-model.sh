# shellcheck shell=sh
#
# lib-model.sh - asking the practice model through lighttpd, and what it has
# counted.  For scripts that want it behind lib.sh.

# ask MODEL [CURL OPTION...]: the prompt is `hi'.
ask() {
	test_model=$1
	shift
	post -d "{\"model\":\"$test_model\",\"prompt\":\"hi\"}" "$@"
}

# ask_directly FILE: what the model itself says to that body.
ask_directly() {
	curl -q -sS -m 30 --noproxy '*' --data-binary "@$1" "$MODEL_URL/api/generate"
}

# The body that the model got last; ours have no line feed.
model_got() {
	tail -n 1 "$TRASH/model.last"
}

# model_count NAME: its requests, connections, aborted or waiting so far.
# Asking is a connection, too.
model_count() {
	curl -q -sS -m 5 --noproxy '*' "$MODEL_URL/oyster/stats" |
		sed "s/.*\"$1\":\([0-9]*\).*/\1/"
}

# model_counts NAME NUMBER
model_counts() {
	test "$(model_count "$1")" = "$2" && return
	echo "$1: $(model_count "$1"), not $2"
	return 1
}

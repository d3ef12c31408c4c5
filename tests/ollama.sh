#!/bin/sh
#
# ollama.sh - a real model server for the tests: Ollama with a tiny model.
#
# Run by itself it builds Ollama, when that is not in the cache, and prints
# where it is.  Sourced behind lib.sh it gives the verbs start_ollama and
# stop_ollama.

OLLAMA_VERSION=0.6.0
OLLAMA_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/oyster-tests/ollama-$OLLAMA_VERSION
OLLAMA=$OLLAMA_CACHE/ollama

# What keeps this machine from having it, in words; nothing if it can be had.
ollama_obstacle() {
	test ! -x "$OLLAMA" || return 0
	if ! command -v go >/dev/null
	then
		echo 'Go is not installed'
		return
	fi
	# shellcheck disable=SC2046	# two numbers, or none
	set -- $(go version | sed -n 's/.*go\([0-9]\{1,\}\)\.\([0-9]\{1,\}\).*/\1 \2/p')
	if test $# != 2 || test $(($1 * 1000 + $2)) -lt 1024
	then
		echo "$(go version) is too old to build Ollama, which takes 1.24"
	elif ! command -v g++ >/dev/null
	then
		echo 'g++ is not installed, and Ollama needs it'
	fi
}

# The lock keeps two scripts from building at once, and the binary gets its
# name when it is complete, so that a build cut short is never taken for one.
ollama_build() {
	test ! -x "$OLLAMA" || return 0
	mkdir -p "$OLLAMA_CACHE" || return 1
	(
		flock -n 9 || {
			echo '# another script is building Ollama: waiting for it'
			flock 9
		}
		test ! -x "$OLLAMA" || exit 0
		echo "# building Ollama $OLLAMA_VERSION into $OLLAMA_CACHE, once: this takes minutes"
		CGO_ENABLED=1 GOBIN=$OLLAMA_CACHE/new nice go install \
			"github.com/ollama/ollama@v$OLLAMA_VERSION" \
			>"$OLLAMA_CACHE/build.log" 2>&1 9>&- &&
		mv "$OLLAMA_CACHE/new/ollama" "$OLLAMA" &&
		rmdir "$OLLAMA_CACHE/new" &&
		echo '# Ollama is built' && exit 0
		echo '# Ollama cannot be built:'
		tail -n 20 "$OLLAMA_CACHE/build.log" | sed 's/^/# /'
		exit 1
	) 9>"$OLLAMA_CACHE/lock"
}

ollama_has_started() {
	grep -q 'msg="Listening on ' "$TRASH/ollama/log"
}

# With nothing of whoever runs the test: no settings, no keys, no models.  The
# port is the kernel's choice and told in the log.  Four requests are worked on
# at once, further ones wait.  Four models stay loaded: unloading takes seconds.
ollama_serve() {
	: >"$TRASH/ollama/log"
	start_server ollama env -i PATH="$PATH" HOME="$TRASH/ollama" \
		OLLAMA_HOST=127.0.0.1:0 OLLAMA_MODELS="$TRASH/ollama/models" \
		OLLAMA_NUM_PARALLEL=4 OLLAMA_MAX_LOADED_MODELS=4 "$OLLAMA" serve >>"$TRASH/ollama/log" 2>&1
	wait_for 20 ollama_has_started || return 1
	ollama_address=$(sed -n 's/.*msg="Listening on \([0-9.:]*\).*/\1/p' "$TRASH/ollama/log")
	remember MODEL_URL="http://$ollama_address" OYSTER_UPSTREAM="http://$ollama_address"
}

# ollama_model_files DIRECTORY [PRE]: a model and its Modelfile.  Prints the size
# of its vocabulary.  What it says is 24 tokens long and always the same to the
# same prompt.  One thread: several spin while they wait for each other, which
# is slow where cores are few or busy.
ollama_model_files() {
	cat >"$1/Modelfile" <<-\END
	FROM ./tiny.gguf
	PARAMETER temperature 0
	PARAMETER seed 1
	PARAMETER num_predict 24
	PARAMETER num_ctx 2048
	PARAMETER num_thread 1
	END
	"$PYTHON" "$TESTS/gguf.py" "$1/tiny.gguf" ${2:+"$2"}
}

ollama_create() {
	remember MODEL_TOKENS="$(ollama_model_files "$TRASH/ollama")"
	HOME=$TRASH/ollama OLLAMA_HOST=$ollama_address \
		"$OLLAMA" create tiny -f "$TRASH/ollama/Modelfile" \
		>>"$TRASH/ollama/log" 2>&1
}

# ollama_add PRE: one more model, of that name, that cuts texts as PRE says.
ollama_add() {
	mkdir -p "$TRASH/ollama/$1" &&
	ollama_model_files "$TRASH/ollama/$1" "$1" >/dev/null &&
	HOME=$TRASH/ollama OLLAMA_HOST=$ollama_address \
		"$OLLAMA" create "$1" -f "$TRASH/ollama/$1/Modelfile" \
		>>"$TRASH/ollama/log" 2>&1
}

# start_ollama: Ollama becomes the upstream, with one model, `tiny', not loaded
# yet.  Sets MODEL_URL, and MODEL_TOKENS to the size of the vocabulary.  Skips
# the whole script where Ollama cannot be had.
start_ollama() {
	ollama_reason=$(ollama_obstacle)
	test -z "$ollama_reason" || skip_all "no Ollama: $ollama_reason"
	ollama_build || skip_all "no Ollama: see $OLLAMA_CACHE/build.log"
	mkdir -p "$TRASH/ollama" || return 1
	ollama_serve && ollama_create && return 0
	echo 'Ollama did not start:' >&2
	tail -n 20 "$TRASH/ollama/log" | sed 's/^/# /' >&2
	return 1
}

# stop_ollama: fails when its child, in which the model runs, stays.
stop_ollama() {
	stop_server ollama
}

case ${0##*/} in
ollama.sh)
	obstacle=$(ollama_obstacle)
	test -z "$obstacle" || {
		echo "$obstacle" >&2
		exit 1
	}
	ollama_build && echo "$OLLAMA"
	;;
esac

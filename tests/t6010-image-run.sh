#!/bin/sh
# shellcheck disable=SC2034	# variables are used in the bodies of tests

# The enclave image as a container that may do nothing: no capability, no new
# privilege, nothing to write to but /tmp.

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"
. "$TESTS/image.sh"

image_alone "$0"
start_model
remember PORT=5000 URL=http://127.0.0.1:5000
ADDRESS=0x1a642f0e3c3af545e7acbd38b07251b3990914f1	# of the tests' key

# container COMMAND [OPTION...]: podman's run or create of a container `oyster'.
container() {
	image_command=$1
	shift
	podman "$image_command" --name oyster --pull=never --network host \
		--read-only --tmpfs /tmp:size=256m,mode=1777,noexec,nosuid,nodev \
		--cap-drop=all --security-opt no-new-privileges \
		-e "OYSTER_UPSTREAM=$MODEL_URL" "$@" "$IMAGE_NAME"
}

# with_key FILE: the option that mounts it where the responder looks.
with_key() {
	echo "--volume=$1:/app/secp.sec:ro"
}

start_container() {
	podman rm -f -t 0 oyster >/dev/null 2>&1
	container run -d "$(with_key "$KEY_FILE")" "$@" >/dev/null &&
	wait_for 20 lighttpd_answers
}

# All processes of the container, of which podman knows the first.
processes() {
	space=$(readlink "/proc/$(podman inspect -f '{{.State.Pid}}' oyster)/ns/pid") || return 1
	for pid in /proc/[0-9]*
	do
		test "$(readlink "$pid/ns/pid")" != "$space" || echo "${pid#/proc/}"
	done
}

keep_log() {
	podman logs oyster >>"$TRASH/lighttpd.log" 2>&1
}

# ended [STATUS]: the container has, and nothing answers any more.
ended() {
	code=$(timeout 30 podman wait oyster)
	keep_log
	test "$code" = "${1:-$code}" || { echo "exit status $code, not $1"; podman logs oyster; return 1; }
	! lighttpd_answers
}

test_expect_success 'the first answer after the start of a container is signed' '
	container create "$(with_key "$KEY_FILE")" >/dev/null &&
	started=$(date +%s%3N) &&
	podman start oyster >/dev/null &&
	wait_for 20 lighttpd_answers &&
	ask llama3.2 &&
	echo $(($(date +%s%3N) - started)) >"$TRASH/first" &&
	status 200 &&
	signed
'
echo "# first signed answer $(cat "$TRASH/first") ms after podman was asked to start a container"

test_expect_success 'oyster-verify finds it signed by the key that was mounted' '
	test -x "$B/oyster-verify" || exit 0
	ask llama3.2 -H "x-oyster-nonce: n-1" &&
	"$B/oyster-verify" --address "$ADDRESS" --headers headers --body body \
		--request request --require both --nonce n-1 --max-age 60
'

test_expect_success 'two responders and two signers, and nothing else but the server' '
	processes >pids &&
	while read -r pid
	do
		cat "/proc/$pid/comm"
	done <pids | sort | tr "\n" " " >names &&
	cat names &&
	test "$(cat names)" = "lighttpd oyster-responde oyster-responde oyster-signer oyster-signer "
'

test_expect_success 'every process is user 65532, without capabilities, with a filter on its calls' '
	processes >pids &&
	while read -r pid
	do
		echo "$pid $(cat "/proc/$pid/comm")"
		grep -E "^(Uid|Gid|Cap|NoNewPrivs|Seccomp):?" "/proc/$pid/status"
		grep -qE "^Uid:(.65532){4}$" "/proc/$pid/status" &&
		grep -qE "^Gid:(.65532){4}$" "/proc/$pid/status" &&
		grep -qE "^CapPrm:.0000000000000000$" "/proc/$pid/status" &&
		grep -qE "^CapEff:.0000000000000000$" "/proc/$pid/status" &&
		grep -qE "^CapBnd:.0000000000000000$" "/proc/$pid/status" &&
		grep -qE "^NoNewPrivs:.1$" "/proc/$pid/status" &&
		grep -qE "^Seccomp:.2$" "/proc/$pid/status" || return 1
	done <pids
'

test_expect_success 'its root cannot be written to, and what can be cannot be executed' '
	pid=$(podman inspect -f "{{.State.Pid}}" oyster) &&
	awk "\$5 == \"/\" { print \$6 }" "/proc/$pid/mountinfo" | grep -E "^ro(,|$)" &&
	awk "\$5 == \"/tmp\" { print \$6 }" "/proc/$pid/mountinfo" >options &&
	cat options &&
	grep noexec options && grep nosuid options && grep nodev options &&
	awk "\$5 == \"/app/secp.sec\" { print \$6 }" "/proc/$pid/mountinfo" | grep -E "^ro(,|$)"
'

test_expect_success 'it is healthy, as its own program says in a container without shell' '
	podman exec oyster /usr/local/bin/oyster-responder --health &&
	! podman exec oyster /bin/sh -c true
'

test_expect_success 'idle, all of it takes at most 12 MB' '
	processes >pids &&
	while read -r pid
	do
		sed -n "s/^Pss: *\([0-9]*\) kB/\1/p" "/proc/$pid/smaps_rollup"
	done <pids >sizes &&
	awk "{ sum += \$1 } END { print sum }" sizes >"$TRASH/pss" &&
	test "$(cat "$TRASH/pss")" -le 12288
'
echo "# idle, its processes take $(cat "$TRASH/pss") kB (PSS)"

test_expect_success 'a prompt of a megabyte passes through its /tmp' '
	{ printf "{\"model\":\"llama3.2\",\"prompt\":\"" &&
	  head -c 1000000 /dev/zero | tr "\0" x &&
	  printf "\"}"; } >large &&
	post large &&
	status 200 &&
	signed
'

test_expect_success 'an upstream by name, which the static executable looks up' '
	start_container -e "OYSTER_UPSTREAM=http://localhost:${MODEL_URL##*:}" &&
	ask llama3.2 &&
	status 200 &&
	signed
'

# stopped COMMAND...: a request is in the model while it is stopped.
stopped() {
	start_container &&
	mkdir "$1" && { (cd "$1" && ask slow-1500) & } &&
	wait_for 5 model_counts waiting 1 &&
	shift &&
	"$@"
}

test_expect_success 'SIGINT, which docker stop sends: a request is answered, then it ends with 0' '
	stopped int podman stop -t 30 oyster &&
	wait &&
	(cd int && status 200 && signed) &&
	ended 0
'

test_expect_success 'SIGTERM: it ends at once, whatever is under way' '
	stopped term podman kill -s TERM oyster &&
	ended &&
	! wait $!
'

# --- keys ---

# refused SENTENCE [OPTION...]: it ends by itself, not with 0, and says why.
refused() {
	sentence=$1
	shift
	podman rm -f -t 0 oyster >/dev/null 2>&1
	timeout 30 podman run --rm --name oyster --pull=never --network host --read-only \
		--tmpfs /tmp:mode=1777 --cap-drop=all --security-opt no-new-privileges \
		"$@" "$IMAGE_NAME" >said 2>&1
	code=$?
	cat said
	test "$code" = 1 &&
	test "$(wc -l <said)" = 1 &&
	grep -F "$sentence" said
}

test_expect_success 'no key: it says so, and ends' '
	refused "key file /app/secp.sec: No such file or directory"
'

test_expect_success 'a directory, which Docker makes of a file that is not there' '
	mkdir directory &&
	refused "key file /app/secp.sec: not a regular file" "$(with_key "$TRASH/directory")"
'

test_expect_success 'a key of 31 bytes, and one that is none' '
	head -c 31 "$KEY_FILE" >short &&
	refused "key file /app/secp.sec: 31 bytes, not the 32 of a raw key" "$(with_key "$TRASH/short")" &&
	head -c 32 /dev/zero >zero &&
	refused "key file /app/secp.sec: not a key of secp256k1" "$(with_key "$TRASH/zero")"
'

test_expect_success 'a key for root alone: it says so; with user 0:0 it is read' '
	cp "$KEY_FILE" secret &&
	chmod 0400 secret &&
	refused "key file /app/secp.sec: Permission denied" "$(with_key "$TRASH/secret")" &&
	podman rm -f -t 0 oyster >/dev/null 2>&1
	container run -d "$(with_key "$TRASH/secret")" --user 0:0 &&
	wait_for 20 lighttpd_answers &&
	ask llama3.2 &&
	signed
'

test_expect_success 'bad settings are all named' '
	podman rm -f -t 0 oyster >/dev/null 2>&1
	! podman run --rm --pull=never --network host --read-only --tmpfs /tmp --cap-drop=all \
		"$(with_key "$KEY_FILE")" -e OYSTER_PORT=0 -e OYSTER_TIMEOUT=x "$IMAGE_NAME" >said 2>&1 &&
	cat said &&
	grep "OYSTER_PORT: " said &&
	grep "OYSTER_TIMEOUT: " said
'

image_done

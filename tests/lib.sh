# shellcheck shell=sh disable=SC2034
#
# lib.sh - what every shell test begins with.
#
#	. "${0%/*}/lib.sh"
#	start_model
#	start_lighttpd
#	test_expect_success 'a prompt is answered' '
#		post -d "{\"model\":\"m\",\"prompt\":\"hi\"}" &&
#		status 200 &&
#		signed
#	'
#	test_done
#
# A script runs in a directory of its own, $TRASH, which is kept when a test
# fails.  Bodies run in subshells there.  Whatever a script started is ended
# when the script ends, however it ends.
#
# Every complete answer is kept as $EXCHANGES/NNNN.{method,path,sent,request,
# status,headers,body}, and test_done has two independent programs check the
# signatures of all of them.

TESTS=$(cd "${0%/*}" && pwd) || exit 1
TOP=${TESTS%/*}
B=${B:-$TOP/build}
PYTHON=${PYTHON:-/usr/bin/python3}	# where Debian's packages are
LC_ALL=C.UTF-8
export LC_ALL

# Short, since the paths of Unix sockets are limited to 107 bytes.
TRASH=$(mktemp -d /tmp/oyster-test.XXXXXX) || exit 1
EXCHANGES=$TRASH/exchanges
KEY_FILE=$TRASH/test.sec
CHECK_OPTIONS=		# more for the checkers
CHECK_SLACK=3600	# seconds that a timestamp may be away from the clock
STOP_LIMIT=30		# seconds within which a stopped server must be gone

test_count=0
test_failed=0
test_ended=			# set once the script has said all it has to say

# --- how a script ends ---

# Processes, zombies aside, of the sessions given and those working in $TRASH.
# A session is known by its first process, which may not have made it yet.
test_processes() {
	perl -e '
		my $trash = shift;
		my %ours = map { $_ => 1 } @ARGV;
		for (glob "/proc/[0-9]*/stat") {
			open my $stat, "<", $_ or next;
			my ($pid, $session) = <$stat> =~ /^(\d+) .*\) [^ZX] \d+ \d+ (\d+)/s or next;
			my $there = readlink("/proc/$pid/cwd") // "";
			print "$pid\n" if $ours{$pid} or $ours{$session}
				or $trash and "$there/" =~ m{^\Q$trash\E/};
		}' "$@"
}

# test_signal_all SIGNAL: true when nobody is there to get it.
test_signal_all() {
	# shellcheck disable=SC2046	# a list of numbers
	set -- "$1" $(test_processes "$TRASH" $(cat "$TRASH"/.sessions/*))
	test $# -gt 1 || return 0
	kill -s "$@"
	return 1
} 2>/dev/null

test_end_processes() {
	test_signal_all TERM || wait_for 3 test_signal_all 0 || test_signal_all KILL
}

test_finish() {
	test_status=$?
	trap '' INT TERM HUP
	trap - EXIT
	cd / || exit 1
	test_end_processes
	if test -z "$test_ended"
	then
		test "$test_status" != 0 || test_status=1
		echo "# ended before test_done" >&2
	fi
	if test "$test_status" = 0
	then
		rm -rf "$TRASH"
	else
		echo "# kept: $TRASH" >&2
	fi
	exit "$test_status"
}

trap test_finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 141' PIPE

# --- settings: nothing comes from whoever runs the test ---

unset OYSTER_SANDBOX OYSTER_TIMEOUT OYSTER_MAX_BODY OYSTER_MAX_REPLY OYSTER_MAX_TOKEN OYSTER_RESPONDER
OYSTER_KEY_FILE=$KEY_FILE
OYSTER_RUN_DIR=$TRASH/run
OYSTER_UPSTREAM=http://127.0.0.1:1	# until start_model: nobody listens there
OYSTER_THREADS=32
OYSTER_MAX_INFLIGHT=30
export OYSTER_KEY_FILE OYSTER_RUN_DIR OYSTER_UPSTREAM OYSTER_THREADS OYSTER_MAX_INFLIGHT

cd "$TRASH" && mkdir "$EXCHANGES" .sessions && echo 1 >"$EXCHANGES/.next" || exit 1
: >lighttpd.log
: >model.out
printf '\001\001\001\001\001\001\001\001%.0s' 1 2 3 4 >"$KEY_FILE" || exit 1

# --- tests ---

# test_expect_success SENTENCE BODY
test_expect_success() {
	test_count=$((test_count + 1))
	: >"$TRASH/.vars"
	if (eval "$2") </dev/null >"$TRASH/.output" 2>&1
	then
		printf '%s\n' "ok $test_count - $1"
	else
		test_failed=$((test_failed + 1))
		printf '%s\n' "not ok $test_count - $1"
		sed 's/^/# /' "$TRASH/.output"
	fi
	# shellcheck source=/dev/null
	. "$TRASH/.vars"	# of servers that were started in the body
}

# skip_all REASON: this machine cannot run the script.  CI must be able to.
skip_all() {
	test_ended=yes
	if test "${CI:-}" = true
	then
		echo "not ok 1 - cannot be skipped here: $*"
		echo "1..1"
		exit 1
	fi
	echo "1..0 # SKIP $*"
	exit 0
}

test_done() {
	cd "$TRASH" || exit 1
	if test -e .sessions/lighttpd
	then
		test_expect_success 'nothing is left of lighttpd when it is stopped' \
			'stop_lighttpd TERM'
	fi
	test ! -e .sessions/model || stop_server model >/dev/null 2>&1
	if test -s lighttpd.log
	then
		test_expect_success 'the log is quiet' test_log_is_quiet
	fi
	test -z "$(find "$EXCHANGES" -name '*.status')" || test_check_answers
	echo "1..$test_count"
	test_ended=yes
	test "$test_failed" = 0
	exit
}

# wait_for SECONDS COMMAND...
wait_for() {
	test_tries=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1
	do
		test_tries=$((test_tries - 1))
		test "$test_tries" -gt 0 || return 1
		sleep 0.05
	done
}

# --- what is checked at the end of every script ---

# Neither a sanitizer's report nor a word `canary-...' of any prompt may be in
# the log, or in a file that lighttpd or a responder left behind.
test_log_is_quiet() {
	! grep -aE 'Sanitizer|runtime error' lighttpd.log model.out || return 1
	find "$EXCHANGES" -name '*.request' \
		-exec grep -aohE 'canary-[A-Za-z0-9]+' {} + | sort -u >.canaries
	mkdir -p "$OYSTER_RUN_DIR"
	grep -arF -f .canaries lighttpd.log "$OYSTER_RUN_DIR"
	test $? = 1
}

# shellcheck disable=SC2086	# CHECK_OPTIONS is words
test_check_answers() {
	if test -d "$TESTS/node_modules/ethers" || test "${CI:-}" = true
	then
		test_expect_success 'ethers finds every answer signed as it should be' '
			node "$TESTS/verify.mjs" $CHECK_OPTIONS --slack "$CHECK_SLACK" "$EXCHANGES"'
	else
		echo "# no tests/node_modules/ethers: Python alone checks the answers"
	fi
	test_expect_success 'Python finds every answer signed as it should be' '
		"$PYTHON" "$TESTS/verify.py" $CHECK_OPTIONS --slack "$CHECK_SLACK" "$EXCHANGES"'
}

# --- servers ---

free_port() {
	perl -MIO::Socket::INET -e \
		'print IO::Socket::INET->new(LocalAddr => "0.0.0.0", Listen => 1)->sockport'
}

# start_server NAME COMMAND...: in a session of its own, by which all that it
# starts can be found, and with the signals that a background job misses.
start_server() {
	test_no_server "$1" || return 1
	test_name=$1
	shift
	perl -MPOSIX=setsid -e '
		setsid();
		$SIG{INT} = $SIG{QUIT} = "DEFAULT";
		exec { $ARGV[0] } @ARGV or die "$ARGV[0]: $!\n"' "$@" </dev/null &
	echo $! >"$TRASH/.sessions/$test_name"
}

test_no_server() {
	server_is_gone "$1" && return
	echo "$1 is running already" >&2
	return 1
}

# server_pid NAME
server_pid() {
	cat "$TRASH/.sessions/$1"
}

# With all that it started.
server_is_gone() {
	test ! -e "$TRASH/.sessions/$1" ||
	test -z "$(test_processes '' "$(server_pid "$1")")"
}

# stop_server NAME [SIGNAL]: fails when it was not there any more, and when
# something of it stays.
stop_server() {
	test_session=$(server_pid "$1") || return 1
	test_rc=0
	kill -s "${2:-TERM}" "$test_session" || test_rc=1
	wait_for "$STOP_LIMIT" server_is_gone "$1" || test_rc=1
	for test_pid in $(test_processes '' "$test_session")
	do
		echo "still there: $test_pid $(tr '\0' ' ' <"/proc/$test_pid/cmdline")"
		kill -s KILL "$test_pid"
	done
	rm -f "$TRASH/.sessions/$1"
	return "$test_rc"
}

# remember NAME=VALUE...: for what runs after the body of this test, too.
remember() {
	# shellcheck disable=SC2163
	export "$@"
	printf "export '%s'\n" "$@" >>"$TRASH/.vars"
}

# start_model [OPTION...]: the practice model becomes the upstream.
start_model() {
	rm -f "$TRASH/model.port"
	start_server model "$B/practice-model" -w "$TRASH/model.port" \
		-l "$TRASH/model.log" -r "$TRASH/model.last" "$@" \
		>>"$TRASH/model.out" 2>&1
	wait_for 20 test -s "$TRASH/model.port" || {
		echo "the practice model did not start:" >&2
		sed 's/^/# /' "$TRASH/model.out" >&2
		return 1
	}
	test_port=$(cat "$TRASH/model.port")
	remember MODEL_URL="http://127.0.0.1:$test_port" \
		OYSTER_UPSTREAM="http://127.0.0.1:$test_port"
}

stop_model() {
	stop_server model
}

# start_lighttpd [CONF], with the shipped configuration.  WRAP is a command to
# run it under.  The port that was free may have been taken by the time it is
# bound, so try again.
start_lighttpd() {
	test_no_server lighttpd || return 1
	for test_try in 1 2 3 4 5
	do
		remember OYSTER_PORT="$(free_port)"
		remember PORT="$OYSTER_PORT" URL="http://127.0.0.1:$OYSTER_PORT"
		# shellcheck disable=SC2086	# WRAP is words
		start_server lighttpd ${WRAP:-} "$B/oyster-responder" --check \
			lighttpd -D -f "${1:-$TOP/conf/lighttpd.conf}" \
			>>"$TRASH/lighttpd.log" 2>&1
		wait_for "${START_LIMIT:-60}" lighttpd_answers_or_ended
		server_is_gone lighttpd || ! lighttpd_answers || return 0
		stop_server lighttpd KILL >/dev/null 2>&1
		tail -n 20 "$TRASH/lighttpd.log" | grep -q 'in use' || break
	done
	echo "lighttpd did not start:" >&2
	tail -n 20 "$TRASH/lighttpd.log" | sed 's/^/# /' >&2
	return 1
}

# Not /health, which would show up in the log of the model.
lighttpd_answers() {
	curl -q -s --noproxy '*' -m 10 -o /dev/null "$URL/oyster/signer"
}

lighttpd_answers_or_ended() {
	lighttpd_answers || server_is_gone lighttpd
}

# stop_lighttpd [SIGNAL], INT unless told: INT lets requests finish, TERM cuts
# them.  Fails when a process, a socket or an uploaded body stays.
stop_lighttpd() {
	stop_server lighttpd "${1:-INT}" || return 1
	find "$OYSTER_RUN_DIR" '(' -type s -o -name 'lighttpd-upload-*' ')' \
		>"$TRASH/.left" 2>/dev/null
	sed 's/^/still there: /' "$TRASH/.left"
	test ! -s "$TRASH/.left"
}

# shellcheck source=lib-http.sh
. "$TESTS/lib-http.sh"

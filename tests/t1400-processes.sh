#!/bin/sh

# Which processes there are, and that they live and die together.

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"

start_model
start_lighttpd

# children PID: zombies aside
children() {
	cat /proc/[0-9]*/stat 2>/dev/null |
		perl -ne 'print "$1\n" if /^(\d+) \(.*\) [^ZX] '"$1"' /'
}

responders() {
	children "$(server_pid lighttpd)"
}

# signers [RESPONDER]: of all, unless told
signers() {
	for responder in ${1:-$(responders)}
	do
		children "$responder"
	done
}

first() {
	"$@" | head -n 1
}

is_gone() {
	test -z "$(test_processes '' "$1")"
}

# Two responders, each with one signer.
is_complete() {
	responders >now &&
	test "$(wc -l <now)" = 2 &&
	while read -r responder
	do
		grep -qx oyster-responde "/proc/$responder/comm" &&
		signers "$responder" >its &&
		test "$(wc -l <its)" = 1 &&
		grep -qx oyster-signer "/proc/$(cat its)/comm" || return 1
	done <now
}

# A request may meet the end of a responder, so not the first of them perhaps.
is_served() {
	ask llama3.2 && status 200 && signed
}

# in_flight NAME MODEL: a request in the background, seen by the model.
in_flight() {
	mkdir -p "$1" && (cd "$1" && ask "$2") &
	wait_for 5 model_counts waiting 1
}

no_session_of() {
	test -z "$(test_processes '' "$1")"
}

was_answered() {
	cd "$1" && status 200 && signed
}

test_expect_success 'two responders, each with one signer' is_complete

test_expect_success 'a responder has up to OYSTER_THREADS threads besides its first, a signer one' '
	for pid in $(responders)
	do
		grep "^Threads:" "/proc/$pid/status" &&
		threads=$(ls "/proc/$pid/task" | wc -l) &&
		test "$threads" -gt 1 && test "$threads" -le $((OYSTER_THREADS + 1)) || return 1
	done &&
	for pid in $(signers)
	do
		test "$(ls "/proc/$pid/task" | wc -l)" -lt 3 || return 1
	done
'

test_expect_success 'Ctrl-C and SIGTERM do not end signers, nor Ctrl-C responders' '
	pids=$(responders && signers) &&
	kill -s INT $pids &&
	kill -s TERM $(signers) &&
	sleep 0.3 &&
	test "$pids" = "$(responders && signers)" &&
	is_served
'

test_expect_success 'when a signer is killed, its responder ends and a new pair comes' '
	responder=$(first responders) &&
	kill -s KILL $(signers "$responder") &&
	wait_for 5 is_gone "$responder" &&
	wait_for 10 is_complete &&
	wait_for 5 is_served &&
	is_served && is_served
'

test_expect_success 'when a responder is killed, its signer ends and a new pair comes' '
	responder=$(first responders) &&
	signer=$(signers "$responder") &&
	kill -s KILL "$responder" &&
	wait_for 5 is_gone "$signer" &&
	wait_for 10 is_complete &&
	wait_for 5 is_served &&
	is_served && is_served
'

test_expect_success 'a responder killed with a request: 500, unsigned; the other one serves on' '
	in_flight killed slow-3000 &&
	pids=$(responders) &&
	for pid in $pids
	do
		kill -s KILL $pid
	done &&
	wait &&
	(cd killed && status 500 && unsigned && error_is "the responder failed") &&
	wait_for 10 is_complete &&
	wait_for 5 is_served
'

test_expect_success 'SIGTERM to a responder: its request is answered before it ends' '
	in_flight term slow-1500 &&
	pids=$(responders) &&
	kill -s TERM $pids &&
	wait &&
	was_answered term &&
	for pid in $pids
	do
		wait_for 5 is_gone $pid || return 1
	done &&
	cd "$TRASH" &&
	wait_for 10 is_complete &&
	wait_for 5 is_served
'

test_expect_success 'and it ends with status 0' '
	perl -MSocket -e "
		socket STDIN_NEW, AF_UNIX, SOCK_STREAM, 0 or die;
		bind STDIN_NEW, sockaddr_un(\"own.sock\") or die;
		listen STDIN_NEW, 5 or die;
		open STDIN, \"<&STDIN_NEW\" or die;
		exec @ARGV" "$B/oyster-responder" &
	pid=$! &&
	threads() { ls "/proc/$pid/task" | wc -l; } &&
	started() { test "$(threads)" -gt 1; } &&
	wait_for 20 started &&
	signer=$(signers $pid) &&
	kill -s TERM $pid &&
	wait $pid &&
	is_gone "$signer"
'

test_expect_success 'SIGINT to lighttpd: a request is answered, then nothing is left' '
	in_flight int slow-1500 &&
	stop_lighttpd INT &&
	wait &&
	was_answered int
'

test_expect_success 'SIGTERM: nothing is left at once, whatever is under way' '
	start_lighttpd &&
	in_flight cut slow-60000 &&
	date +%s >began &&
	stop_lighttpd TERM &&
	test $(($(date +%s) - $(cat began))) -lt 5 &&
	wait &&
	(cd cut && unsigned)
'

test_expect_success 'lighttpd killed: responders and signers end, too' '
	start_lighttpd &&
	in_flight orphan slow-60000 &&
	kill -s KILL "$(server_pid lighttpd)" &&
	wait_for 5 server_is_gone lighttpd
'

test_expect_success 'and a new one starts in the same directory' '
	start_lighttpd &&
	is_served
'

# lighttpd takes a socket that somebody still listens on for another server's.
test_expect_success 'nor does a new one wait for responders that still end' '
	in_flight late slow-60000 &&
	old=$(server_pid lighttpd) &&
	kill -s KILL "$old" &&
	rm .sessions/lighttpd &&
	start_lighttpd &&
	is_served && is_served &&
	is_complete &&
	wait_for 5 no_session_of "$old"
'

test_expect_success 'a signer that hangs does not keep its responder from ending' '
	pids=$(signers) &&
	kill -s STOP $pids &&
	stop_lighttpd TERM &&
	for pid in $pids
	do
		wait_for 2 is_gone "$pid" || return 1
	done
'

test_done

#!/bin/sh
# shellcheck disable=SC2034	# variables are used in the bodies of tests

# What responder and signer can still do once they have started: nothing but
# their work, also when somebody has taken them over (tests/hijack.c).

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"

CC=${CC:-cc}

OYSTER_SANDBOX=required "$B/oyster-responder" --check 2>why || {
	grep -q sanitizers why || skip_all "$(cat why)"
	test_expect_success 'there is none in a build with sanitizers, and required it is refused' '
		test "$(wc -l <why)" = 2 &&
		grep "sandbox of the signer: none in a build with sanitizers" why &&
		grep "sandbox of the signer: required, so nothing is started" why &&
		OYSTER_SANDBOX=on "$B/oyster-responder" --check 2>on && test ! -s on
	'
	test_done
}

start_model

# cgi [VARIABLE=VALUE...]: one request to a responder; the answer, and what was
# said in err.
cgi() {
	env -i OYSTER_KEY_FILE="$KEY_FILE" OYSTER_UPSTREAM="$OYSTER_UPSTREAM" \
		REQUEST_METHOD=GET REQUEST_URI=/health "$@" \
		"$B/oyster-responder" </dev/null >answer 2>err
}

# hijacked WHO: what the one who took it over could do, in said
hijacked() {
	cp "$KEY_FILE" key &&
	cgi LD_PRELOAD="$B/hijack.so" HIJACK="$1"
	sed -n 's/^hijack: //p' err >said
	grep -qx end said
}

# numbers NAME...: of system calls, those that there are on this machine
numbers() {
	{
		echo '#include <sys/syscall.h>'
		for name
		do
			echo "#ifdef SYS_$name"
			echo "number SYS_$name"
			echo "#endif"
		done
	} >names.c
	"$CC" -E -P names.c | sed -n 's/^number //p' | sort -n
}

# survives NUMBERS: none other did, in said
survives() {
	sed -nE 's/^(zeros|ones) ([0-9-]+) .*/\2/p' said | sort -nu >survivors
	# The kernel itself lets its probes pass, and refuses who is none.
	if test "$(uname -m)" = x86_64
	then
		! grep -E '^(zeros|ones) 335 ' said | grep -v ' SIGILL$' || return 1
		! grep -E '^(zeros|ones) 336 ' said | grep -v ' ENXIO$' || return 1
		sed -i '/^33[56]$/d' survivors
	fi
	diff "$1" survivors
}

poll=poll
test "$(uname -m)" = x86_64 || poll=ppoll

# 34 and the six below, of which neither all zeros nor all ones are allowed
RESPONDER="accept $poll read write recvfrom shutdown close
	sendmsg connect sendto getsockopt getsockname getpeername eventfd2
	brk mmap mprotect mremap munmap madvise
	set_robust_list rseq rt_sigprocmask futex exit
	clock_gettime time rt_sigtimedwait restart_syscall rt_sigaction wait4 exit_group
	openat clone3"
SIGNER="brk munmap clock_gettime exit_group"

# Of other kinds of programs, nothing at all.
no_other_kind() {
	test "$(uname -m)" = x86_64 || return 0
	grep -x "x32 killed 513" said &&
	{ ! grep "^i386" said || grep -x "i386 killed 513" said; }
}

test_expect_success 'of all system calls, the signer has four and three on its descriptors' '
	hijacked signer &&
	numbers $SIGNER >expected &&
	test "$(wc -l <expected)" = 4 &&
	survives expected &&
	no_other_kind
'

test_expect_success 'and none of them does anything else for who took it over' '
	cat >expected <<\EOF &&
signer dumpable 0 no_new_privs 1 core 0 files 0
landlock open / EMFILE
landlock open /dev/null EMFILE
landlock open /etc/passwd EMFILE
landlock open /proc/self/mem EMFILE
landlock open . EMFILE
landlock make EACCES
landlock remove EACCES
EOF
	grep -E "^(signer|landlock (open|make|remove))" said | diff expected - &&
	grep "^attempt" said >attempts &&
	test "$(wc -l <attempts)" -gt 25 &&
	grep -v ": SIGSYS$" attempts >others
	test "$(cat others)" = "attempt sendmsg fast open: EFAULT"
'

test_expect_success 'of all system calls, a responder has 40, two of which only fail' '
	hijacked responder &&
	numbers $RESPONDER >expected &&
	test "$(wc -l <expected)" -le 34 &&
	survives expected &&
	no_other_kind &&
	! grep -E " $(numbers openat) " said | grep -v " EACCES$" &&
	! grep -E " $(numbers clone3) " said | grep -v " ENOSYS$"
'

test_expect_success 'taken over it opens no file, starts nothing, connects to the model alone' '
	cat >expected <<\EOF &&
responder dumpable 0 no_new_privs 1 core 0 files 2592
landlock open / EACCES
landlock open /dev/null EACCES
landlock open /etc/passwd EACCES
landlock open /proc/self/mem EACCES
landlock open . EACCES
landlock make EACCES
landlock remove EACCES
landlock connect there done
landlock connect elsewhere EACCES
EOF
	grep -E "^(responder|landlock)" said | diff expected - &&
	grep "^attempt" said >attempts &&
	test "$(wc -l <attempts)" -gt 25 &&
	cat >expected <<\EOF &&
attempt openat: EACCES
attempt openat /: EACCES
attempt clone3: ENOSYS
attempt socket udp6: EAFNOSUPPORT
attempt write to standard output: done
attempt recvfrom elsewhere: ENOTSOCK
EOF
	grep -v ": SIGSYS$" attempts | diff expected -
'

test_expect_success 'the one that was taken over answers, since it was its children that tried' '
	grep -a "^Status: 200" answer
'

# --- in service ---

start_lighttpd

test_expect_success 'each process says at its start what is in force' '
	for who in signer responder
	do
		test "$(grep -cE "^oyster-responder: sandbox of the $who: seccomp, Landlock \(ABI [0-9]+\), no_new_privs, no cores$" \
			lighttpd.log)" = 2 || return 1
	done &&
	test "$(grep -c sandbox lighttpd.log)" = 4
'

test_expect_success 'it holds for every thread, and for those that come later' '
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26
	do
		mkdir $i && (cd $i && ask slow-300) &
	done
	wait
	test "$(cat ?/status ??/status | sort -u)" = 200 &&
	for pid in $(test_processes "" "$(server_pid lighttpd)")
	do
		test "$pid" != "$(server_pid lighttpd)" || continue
		for task in /proc/$pid/task/*
		do
			test "$(grep -cE "^(NoNewPrivs:.1|Seccomp:.2)$" $task/status)" = 2 || return 1
			echo $pid
		done
	done >tasks &&
	test "$(sort -u tasks | wc -l)" = 4 && test "$(wc -l <tasks)" -gt 30
'

test_expect_success 'no core, and no more descriptors than it takes' '
	for pid in $(sort -u tasks)
	do
		grep -E "^Max core file size +0 +0 " /proc/$pid/limits || return 1
		case $(cat /proc/$pid/comm) in
		oyster-signer) files=0 ;;
		*) files=$((4 * OYSTER_THREADS + 32)) ;;
		esac
		grep -E "^Max open files +$files +$files " /proc/$pid/limits || return 1
	done
'

test_expect_success 'stopped and continued in whatever it waits, it goes on' '
	mkdir held && (cd held && ask slow-1500) &
	wait_for 5 model_counts waiting 1 &&
	kill -s STOP $(sort -u tasks) && sleep 0.2 && kill -s CONT $(sort -u tasks) &&
	wait &&
	(cd held && status 200 && signed) &&
	ask llama3.2 && status 200 && signed
'

test_expect_success 'a pipe without a reader is not the end of it' '
	kill -s PIPE $(sort -u tasks) &&
	ask llama3.2 && status 200 && signed
'

test_expect_success 'and none was killed: the same processes are there' '
	for pid in $(sort -u tasks)
	do
		kill -s 0 $pid || return 1
	done &&
	stop_lighttpd
'

# --- a kernel that lacks something ---

for missing in seccomp landlock
do
	test_expect_success "no $missing: it says so and runs on, or refuses when it is required" '
		rm -rf fcgi && mkdir fcgi &&
		printf "#!/bin/sh\nexec env LD_PRELOAD=%s HIJACK=no-%s %s\n" \
			"$B/hijack.so" '$missing' "$B/oyster-responder" >fcgi/responder &&
		chmod +x fcgi/responder &&
		: >lighttpd.log &&
		OYSTER_RESPONDER=$TRASH/fcgi/responder start_lighttpd &&
		test "$(grep -ciE "sandbox of the (signer|responder): no '$missing': " lighttpd.log)" = 4 &&
		ask llama3.2 && status 200 && signed &&
		stop_lighttpd &&
		cgi LD_PRELOAD="$B/hijack.so" HIJACK=no-'$missing' && test ! -s err &&
		grep -a "^Status: 200" answer &&
		! cgi LD_PRELOAD="$B/hijack.so" HIJACK=no-'$missing' OYSTER_SANDBOX=required &&
		test ! -s answer &&
		grep -i "^oyster-responder: sandbox of the signer: no '$missing': " err &&
		grep "^oyster-responder: sandbox of the signer: required, so nothing is started" err &&
		! env LD_PRELOAD="$B/hijack.so" HIJACK=no-'$missing' OYSTER_SANDBOX=required \
			"$B/oyster-responder" --check touch started 2>err &&
		test ! -e started && test -s err
	'
done

test_expect_success 'required, and all there: it serves' '
	: >lighttpd.log &&
	OYSTER_SANDBOX=required start_lighttpd &&
	ask llama3.2 && status 200 && signed &&
	stop_lighttpd
'

test_expect_success 'off, for debuggers: it says so, and nothing is held' '
	: >lighttpd.log &&
	OYSTER_SANDBOX=off start_lighttpd &&
	test "$(grep -cE "sandbox of the (signer|responder): off$" lighttpd.log)" = 4 &&
	for pid in $(test_processes "" "$(server_pid lighttpd)")
	do
		grep -E "^Seccomp:.0$" /proc/$pid/status || return 1
	done &&
	ask llama3.2 && status 200 && signed &&
	stop_lighttpd
'

# --- a model server that has a name: it is looked up before ---

named() {
	printf '#!/bin/sh\nexec env LD_PRELOAD=%s HIJACK=names HIJACK_HOSTS=%s %s\n' \
		"$B/hijack.so" "$TRASH/hosts" "$B/oyster-responder" >named
	chmod +x named
	OYSTER_RESPONDER=$TRASH/named OYSTER_UPSTREAM=http://$1:${MODEL_URL##*:} start_lighttpd
}

is_answered() {
	ask llama3.2 && status 200 && signed
}

test_expect_success 'localhost is no name that is looked up' '
	named LocalHost &&
	is_answered && is_answered &&
	stop_lighttpd
'

test_expect_success 'a name is looked up at the start' '
	echo 127.0.0.1 >hosts &&
	named model.test &&
	rm hosts &&
	is_answered && ask no-length && ask reset && status 502 &&
	is_answered && is_answered && is_answered &&
	fetch GET /health && status 200 &&
	stop_lighttpd
'

test_expect_success 'one that leads nowhere is answered 502, and looked up again by and by' '
	: >lighttpd.log &&
	named model.test &&
	ask llama3.2 && status 502 && unsigned &&
	error_is "the model server cannot be reached" &&
	grep "^oyster-responder: OYSTER_UPSTREAM: model.test: " lighttpd.log &&
	echo 127.0.0.1 >hosts &&
	wait_for 60 is_answered &&
	stop_lighttpd
'

test_done

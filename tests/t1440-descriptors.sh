#!/bin/sh

# Descriptors: not more requests than there are some for, and a word when
# there are none.

. "${0%/*}/lib.sh"

# start_alone LIMIT: a responder of its own, on own.sock
start_alone() {
	rm -f own.sock
	perl -MSocket -e '
		socket STDIN_NEW, AF_UNIX, SOCK_STREAM, 0 or die;
		bind STDIN_NEW, sockaddr_un("own.sock") or die;
		listen STDIN_NEW, 50 or die;
		open STDIN, "<&STDIN_NEW" or die;
		close STDIN_NEW;
		exec @ARGV' sh -c "ulimit -n $1 && exec \"\$0\"" "$B/oyster-responder" 2>err &
	pid=$!
	wait_for 20 has_threads "$pid"
}

has_threads() {
	set -- "/proc/$1/task"/*
	test $# -gt 1
}

stop_alone() {
	kill -s TERM "$pid"
	wait "$pid"
}

test_expect_success 'with enough of them it says nothing' '
	start_alone 160 &&
	stop_alone &&
	! grep OYSTER_THREADS err
'

test_expect_success 'with too few it has fewer threads, and says so' '
	start_alone 159 &&
	stop_alone &&
	grep -x "oyster-responder: OYSTER_THREADS: 31 instead of 32: a request takes 4 descriptors, and RLIMIT_NOFILE is 159" err &&
	start_alone 33 &&
	stop_alone &&
	grep "^oyster-responder: OYSTER_THREADS: 1 instead of 32" err
'

test_expect_success 'an accept that fails for want of one is in the log, and not a thousand times' '
	start_alone 200 &&
	prlimit --pid "$pid" --nofile=3: &&
	perl -MSocket -e "
		for (1 .. 20) {	# those that wait in accept have one each already
			socket my \$to, AF_UNIX, SOCK_STREAM, 0 or die;
			connect \$to, sockaddr_un(q(own.sock)) or die;
			push @open, \$to;
		}
		for (1 .. 200) {
			select undef, undef, undef, 0.1;
			open my \$err, q(<), q(err) or die;
			last if grep /cannot be accepted/, <\$err>;
		}
		sleep 1" &&
	grep -x "oyster-responder: a request cannot be accepted: Too many open files" err &&
	test "$(grep -c "cannot be accepted" err)" = 1 &&
	prlimit --pid "$pid" --nofile=128: &&
	stop_alone
'

test_expect_success 'nor is there a word when it is stopped' '
	start_alone 200 &&
	stop_alone &&
	! grep "cannot be accepted" err
'

test_done

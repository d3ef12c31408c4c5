#!/bin/sh

# The harness itself, with scripts that fail on purpose.  In place of the
# responder they have a CGI program that gives the answer of the first recorded
# case, or spoils it as the request's header x-spoil says.

. "${0%/*}/lib.sh"

fake=$TRASH/fake
mkdir -p "$fake/tests" "$fake/conf" "$fake/build"
ln -s "$TESTS"/lib*.sh "$TESTS"/verify.* "$fake/tests"
test ! -d "$TESTS/node_modules" || ln -s "$TESTS/node_modules" "$fake/tests"

cat >"$fake/conf/lighttpd.conf" <<\EOF
server.modules = ("mod_cgi")
server.document-root = env.OYSTER_RUN_DIR
server.bind = "127.0.0.1"
server.port = env.OYSTER_PORT
cgi.assign = ("generate" => "/bin/sh")
EOF

cat >"$fake/build/oyster-responder" <<\EOF
#!/bin/sh
shift	# --check
mkdir -p "$OYSTER_RUN_DIR/api" || exit 1
cp "${0%/*}/generate" "$OYSTER_RUN_DIR/api" || exit 1
test -z "$STUBBORN" || perl -e '$SIG{TERM} = "IGNORE"; sleep 60' &
exec "$@"
EOF
chmod +x "$fake/build/oyster-responder"

cat >"$fake/build/generate" <<\EOF
request=$(cat)
status=200
seconds=1741620242
signature=9f3534ff25256bffb5db91d12a4359c135fc248b1df9632c979e083e181b3d273944dc8fdcd5b0a259aedd7d8c1cc954ea05de8c1816169fb5d86a4374d605cb1b
word=scattering
done=true
case $HTTP_X_SPOIL in
body)	word=shattering ;;
done)	done=false ;;
status)	status=404 ;;
seconds) seconds=1741620243 ;;
alone)	signature= ;;
bare)	signature= seconds= ;;
upper)	signature=$(echo "$signature" | tr a-f A-F) ;;
high)	signature=$(echo "$signature" | sed 's/1b$/1c/') ;;
log)	echo 'sign.c:1:2: runtime error: shift exponent is negative' >&2 ;;
prompt)	echo 'cannot make sense of canary-1741' >&2 ;;
slow)	sleep 20 ;;
esac
type='application/json; charset=utf-8'
head='"model":"llama3.2","context":[1,2,3]'
text="Because of Rayleigh $word."
case $request in
*'"stream":true'*)
	type=application/x-ndjson
	line="{$head,\"response\":\"$text\",\"done\":false}"
	text= ;;
esac
echo "Status: $status"
echo "Content-Type: $type"
test -z "$seconds" || echo "x-oyster-timestamp: $seconds"
test -z "$signature" || echo "x-oyster-signature: $signature"
echo
test -z "$line" || echo "$line"
test "$HTTP_X_SPOIL" != blank || echo
printf %s "{$head,\"response\":\"$text\",\"done\":$done}"
test -z "$line" || echo
EOF

# run NAME [VARIABLE=VALUE...] <BODY: runs a script made of BODY, which leaves
# NAME.out and NAME.rc.  Variables are for it alone.
run() {
	name=$1
	shift
	{
		echo '. "${0%/*}/lib.sh"'
		echo 'CHECK_SLACK=2000000000'
		echo 'CHECK_OPTIONS=${EXCHANGES_TOO---no-exchange}'
		echo 'sky="{\"model\":\"llama3.2\",\"prompt\":\"Why is the sky blue?\"}"'
		echo 'stream="{\"stream\":true,${sky#?}"'
		cat
	} >"$fake/tests/$name.sh"
	env CI= B="$fake/build" "$@" sh "$fake/tests/$name.sh" >"$name.out" 2>&1
	echo $? >"$name.rc"
	cat "$name.out"
}

# ended NAME STATUS: and a failed script has kept its directory.
ended() {
	test "$(cat "$1.rc")" = "$2" || return 1
	kept=$(sed -n 's/^# kept: //p' "$1.out")
	if test "$2" = 0
	then
		test -z "$kept"
	else
		test -d "$kept" && rm -r "$kept"
	fi
}

# gone PID: or a zombie, for which nobody here can wait.
gone() {
	test -z "$(test_processes '' "$1")"
}

test_expect_success 'a good script is ok, status 0, and leaves no directory' '
	run good <<-\EOF &&
	test_expect_success "one" "echo words"
	test_expect_success "two" true
	test_done
	EOF
	ended good 0 &&
	printf "ok %s\n" "1 - one" "2 - two" >expected &&
	echo "1..2" >>expected &&
	cmp expected good.out
'

test_expect_success 'a failing body is not ok, its output shown, status 1' '
	run bad <<-\EOF &&
	test_expect_success "it fails" "echo some words; false"
	test_expect_success "it does not" true
	test_done
	EOF
	ended bad 1 &&
	grep -x "not ok 1 - it fails" bad.out &&
	grep -x "# some words" bad.out &&
	grep -x "ok 2 - it does not" bad.out
'

test_expect_success 'a script that never comes to test_done has failed' '
	echo exit >body &&
	run early <body &&
	ended early 1
'

test_expect_success 'a script can be skipped, but not in CI' '
	echo "skip_all no such thing" >body &&
	run skipped <body &&
	ended skipped 0 &&
	grep -x "1..0 # SKIP no such thing" skipped.out &&
	run refused CI=true <body &&
	ended refused 1 &&
	grep "^not ok" refused.out
'

test_expect_success 'good answers pass, also in parallel and from parallel shells' '
	run fine COUNT="$TRASH/count" <<-\EOF &&
	start_lighttpd
	test_expect_success "ten at once" "
		for i in 1 2 3 4 5 6 7 8 9 10
		do
			(mkdir \$i && cd \$i && post -d \"\$sky\" && status 200) &
		done
		wait
		ls exchanges/*.status | wc -l >\$COUNT
	"
	test_expect_success "with a query" "
		printf %s \"\$sky\" >sky && fetch POST /api/generate?x --data-binary @sky &&
		signed && header CONTENT-type | grep \"^application/json; charset=utf-8$\" &&
		cmp request sky
	"
	test_expect_success "streamed" "
		post -d \"\$stream\" && signed && test \$(wc -l <body) = 2
	"
	test_expect_success "another path" "fetch GET /there/ && status 404 && unsigned"
	test_done
	EOF
	ended fine 0 &&
	test "$(cat count)" = 10 &&
	grep "^ok .*ethers" fine.out || grep "no tests/node_modules" fine.out &&
	grep "^ok .*Python" fine.out
'

# Each is seen by both checkers.
while read -r spoil words
do
	test_expect_success "a spoiled answer is found: $spoil" "
		run spoil SPOIL=$spoil <<-\\EOF &&
		start_lighttpd
		test_expect_success 'one' 'post -d \"\$sky\" -H \"x-spoil: \$SPOIL\"'
		test_done
		EOF
		ended spoil 1 &&
		grep '^ok 1 ' spoil.out &&
		! grep '^ok .*ethers' spoil.out &&
		grep '^not ok .*Python' spoil.out &&
		grep '^# 0001 .*$words' spoil.out
	"
done <<\EOF
body is that of
seconds is that of
high x-oyster-signature
done done is not true
status on a failure
bare no x-oyster-signature
alone is alone
upper 130 digits
EOF

test_expect_success 'an answer signed although a field is not covered is found' '
	run uncovered <<-\EOF &&
	start_lighttpd
	test_expect_success "one" "
		post -d \"{\\\"system\\\":\\\"x\\\",\${sky#?}\"
	"
	test_done
	EOF
	ended uncovered 1 &&
	grep "not over .*system" uncovered.out
'

test_expect_success 'a streamed answer with a third line is found' '
	run blank <<-\EOF &&
	start_lighttpd
	test_expect_success "one" "post -d \"\$stream\" -H x-spoil:blank"
	test_done
	EOF
	ended blank 1 &&
	grep "not two lines" blank.out
'

test_expect_success 'an old timestamp is found' '
	run old <<-\EOF &&
	CHECK_SLACK=3600
	start_lighttpd
	test_expect_success "one" "post -d \"\$sky\""
	test_done
	EOF
	ended old 1 &&
	grep "is not now" old.out
'

test_expect_success 'an answer without an exchange signature fails the script' '
	run noexchange EXCHANGES_TOO= <<-\EOF &&
	start_lighttpd
	test_expect_success "one" "post -d \"\$sky\" && status 200 && signed"
	test_done
	EOF
	ended noexchange 1 &&
	grep "no exchange signature" noexchange.out
'

test_expect_success 'nocheck lets an answer go unsigned' '
	run nocheck <<-\EOF &&
	start_lighttpd
	test_expect_success "one" "post -d \"\$sky\" -H x-spoil:bare && unsigned && nocheck"
	test_done
	EOF
	ended nocheck 0
'

test_expect_success 'a report of a sanitizer in the log fails the script' '
	run report <<-\EOF &&
	start_lighttpd
	test_expect_success "one" "post -d \"\$sky\" -H x-spoil:log && nocheck"
	test_done
	EOF
	ended report 1 &&
	grep "^not ok .*quiet" report.out &&
	grep "^# .*shift exponent" report.out
'

test_expect_success 'a prompt in the log fails the script' '
	run leak <<-\EOF &&
	start_lighttpd
	test_expect_success "one" "
		post -d canary-1741 -H \"x-spoil: prompt\" && nocheck
	"
	test_done
	EOF
	ended leak 1 &&
	grep "^not ok .*quiet" leak.out &&
	grep "^# .*canary-1741" leak.out
'

test_expect_success 'a server started in a body is there for the next, once' '
	run later <<-\EOF &&
	test_expect_success "one" "start_lighttpd"
	test_expect_success "two" "post -d \"\$sky\" && ! start_lighttpd"
	test_expect_success "three" "stop_lighttpd && ! post -d \"\$sky\" && start_lighttpd"
	test_expect_success "four" "post -d \"\$sky\""
	test_done
	EOF
	ended later 0
'

test_expect_success 'a process that outlives lighttpd fails the script and is ended' '
	run stubborn STUBBORN=1 <<-\EOF &&
	STOP_LIMIT=1
	start_lighttpd
	test_done
	EOF
	ended stubborn 1 &&
	grep "^not ok .*nothing is left" stubborn.out &&
	pid=$(sed -n "s/^# still there: \([0-9]*\) perl.*/\1/p" stubborn.out) &&
	gone "$pid"
'

test_expect_success 'a lighttpd that ended by itself fails the script' '
	run crash <<-\EOF &&
	start_lighttpd
	test_expect_success "one" "kill -KILL \$(server_pid lighttpd)"
	test_done
	EOF
	ended crash 1 &&
	grep "^not ok .*nothing is left" crash.out
'

test_expect_success 'a server that cannot start is reported with its last words' '
	run broken <<-\EOF &&
	start_lighttpd /nonexistent
	test_expect_success "one" "! start_lighttpd /nonexistent"
	test_done
	EOF
	ended broken 0 &&
	grep "^# .*nonexistent" broken.out
'

test_expect_success 'what a script started is ended when it is interrupted' '
	cat >body <<-\EOF &&
	start_lighttpd
	server_pid lighttpd >"$PIDS"
	while :; do sleep 30; done &
	echo $! >>"$PIDS"
	post -d "$sky" -H "x-spoil: slow" &
	echo $! >>"$PIDS"
	sleep 0.2
	kill -TERM $$
	EOF
	run interrupted PIDS="$TRASH/pids" <body &&
	ended interrupted 143 &&
	test "$(wc -l <pids)" = 3 &&
	for pid in $(cat pids)
	do
		wait_for 10 gone "$pid" || return 1	# killed, it takes a moment
	done
'

test_done

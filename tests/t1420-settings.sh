#!/bin/sh
# shellcheck disable=SC2034	# variables are used in the bodies of tests

# Settings: what is good, what is bad, and that every bad one is named.

. "${0%/*}/lib.sh"

# check [COMMAND...]: its status, and what it said in err
check() {
	timeout 20 "$B/oyster-responder" --check "$@" >out 2>err
}

# refuses COMMAND...: with status 1
refuses() {
	"$@"
	test $? = 1 && test -s err && test ! -s out && return
	cat out err
	return 1
}

while read -r name value
do
	test_expect_success "bad: $name=$value" '
		value=$(printf "%b" "$value") &&
		export "$name=$value" &&
		refuses check touch started &&
		test ! -e started &&
		test "$(wc -l <err)" = 1 &&
		grep "^oyster-responder: $name: " err
	'
done <<\EOF
OYSTER_TIMEOUT 0
OYSTER_TIMEOUT 86401
OYSTER_TIMEOUT -1
OYSTER_TIMEOUT
OYSTER_TIMEOUT 5m
OYSTER_TIMEOUT \0405
OYSTER_TIMEOUT 5\040
OYSTER_TIMEOUT +5
OYSTER_TIMEOUT 0x10
OYSTER_TIMEOUT 1.5
OYSTER_TIMEOUT 1e2
OYSTER_TIMEOUT five
OYSTER_TIMEOUT 99999999999999999999
OYSTER_MAX_BODY 0
OYSTER_MAX_BODY 268435457
OYSTER_MAX_BODY 8M
OYSTER_MAX_REPLY 0
OYSTER_MAX_REPLY 268435457
OYSTER_MAX_TOKEN -1
OYSTER_MAX_TOKEN 2147483648
OYSTER_THREADS 0
OYSTER_THREADS 4097
OYSTER_MAX_INFLIGHT 0
OYSTER_MAX_INFLIGHT 4097
OYSTER_PORT 0
OYSTER_PORT 65536
OYSTER_PORT http
OYSTER_SANDBOX
OYSTER_SANDBOX yes
OYSTER_SANDBOX Required
OYSTER_SANDBOX on\040
OYSTER_SANDBOX 1
OYSTER_KEY_FILE
OYSTER_RUN_DIR
OYSTER_UPSTREAM
OYSTER_UPSTREAM 127.0.0.1:11434
OYSTER_UPSTREAM https://127.0.0.1:11434
OYSTER_UPSTREAM HTTP://127.0.0.1:11434
OYSTER_UPSTREAM http://127.0.0.1
OYSTER_UPSTREAM http://127.0.0.1:
OYSTER_UPSTREAM http://127.0.0.1:0
OYSTER_UPSTREAM http://127.0.0.1:65536
OYSTER_UPSTREAM http://127.0.0.1:11434/
OYSTER_UPSTREAM http://127.0.0.1:11434/api
OYSTER_UPSTREAM http://127.0.0.1:11434?x
OYSTER_UPSTREAM http://user@127.0.0.1:11434
OYSTER_UPSTREAM http://:11434
OYSTER_UPSTREAM http://::1:11434
OYSTER_UPSTREAM http://[::1]11434
OYSTER_UPSTREAM http://a\040b:11434
OYSTER_UPSTREAM unix:/run/ollama
EOF

while read -r name value
do
	test_expect_success "good: $name=$value" '
		export "$name=$value" &&
		check &&
		test ! -s out &&
		test ! -s err
	'
done <<\EOF
OYSTER_TIMEOUT 1
OYSTER_TIMEOUT 86400
OYSTER_TIMEOUT 005
OYSTER_MAX_BODY 1
OYSTER_MAX_BODY 268435456
OYSTER_MAX_REPLY 1
OYSTER_MAX_REPLY 268435456
OYSTER_MAX_TOKEN 0
OYSTER_MAX_TOKEN 2147483647
OYSTER_THREADS 4096
OYSTER_MAX_INFLIGHT 1
OYSTER_MAX_INFLIGHT 32
OYSTER_SANDBOX on
OYSTER_SANDBOX off
OYSTER_PORT 1
OYSTER_PORT 65535
OYSTER_UPSTREAM http://127.0.0.1:1
OYSTER_UPSTREAM http://ollama:65535
OYSTER_UPSTREAM http://model-1.example_2:80
OYSTER_UPSTREAM http://[::1]:11434
EOF

test_expect_success 'as many may wait as there are threads, and not one more' '
	for threads in 1 2 4095 4096
	do
		OYSTER_THREADS=$threads OYSTER_MAX_INFLIGHT=$threads check &&
		test ! -s err || return 1
	done &&
	OYSTER_THREADS=32 OYSTER_MAX_INFLIGHT=33 refuses check &&
	test "$(cat err)" = "oyster-responder: OYSTER_MAX_INFLIGHT: 33 is more than OYSTER_THREADS, 32"
'

test_expect_success 'all bad ones are named at once, each in a line of its own' '
	export OYSTER_KEY_FILE= OYSTER_UPSTREAM=x OYSTER_TIMEOUT=x OYSTER_MAX_BODY=x \
		OYSTER_MAX_REPLY=x OYSTER_MAX_TOKEN=x OYSTER_THREADS=x \
		OYSTER_MAX_INFLIGHT=x OYSTER_SANDBOX=x OYSTER_PORT=x OYSTER_RUN_DIR= &&
	for arguments in --check "--check true" --health ""
	do
		refuses timeout 10 "$B/oyster-responder" $arguments 2>err || return 1
		sed -n "s/^oyster-responder: \(OYSTER_[A-Z_]*\): .*/\1/p" err >named &&
		test "$(wc -l <err)" = 11 &&
		test "$(sort -u named | wc -l)" = 11 || return 1
	done
'

test_expect_success 'a bad key is named with the bad settings' '
	export OYSTER_KEY_FILE=/missing OYSTER_TIMEOUT=x OYSTER_SANDBOX=x OYSTER_PORT=x &&
	for command in "" "touch started"
	do
		refuses check $command &&
		test ! -e started &&
		test "$(wc -l <err)" = 4 &&
		grep "key file /missing: " err || return 1
		for name in OYSTER_TIMEOUT OYSTER_SANDBOX OYSTER_PORT
		do
			grep "^oyster-responder: $name: " err || return 1
		done
	done
'

test_expect_success 'without any setting but the key, all is well' '
	env -i OYSTER_KEY_FILE="$KEY_FILE" "$B/oyster-responder" --check
'

# --- what a server is started with ---

test_expect_success 'the command gets absolute paths, and KiB rounded up' '
	cp "$KEY_FILE" other.sec &&
	OYSTER_KEY_FILE=other.sec OYSTER_RUN_DIR=here OYSTER_MAX_BODY=1025 \
		check env &&
	test ! -s err &&
	grep -x "OYSTER_KEY_FILE=$TRASH/other.sec" out &&
	grep -x "OYSTER_RUN_DIR=$TRASH/here" out &&
	grep -x "OYSTER_RESPONDER=$(realpath "$B/oyster-responder")" out &&
	grep -x "OYSTER_MAX_BODY_KB=2" out &&
	grep -x "OYSTER_PORT=5000" out &&
	test "$(stat -c "%F %a" here)" = "directory 700"
'

test_expect_success 'the status is that of the command' '
	check sh -c "exit 7"
	test $? = 7 &&
	refuses check ./no-such-command &&
	grep "no-such-command" err
'

test_expect_success 'a private directory may be there already' '
	OYSTER_RUN_DIR=here check true &&
	OYSTER_RUN_DIR=here/ check true
'

test_expect_success 'a second server in the same directory is refused, and harms nothing' '
	mkdir -m 0700 shared && start_model &&
	OYSTER_RUN_DIR=$TRASH/shared start_lighttpd &&
	OYSTER_RUN_DIR=$TRASH/shared OYSTER_KEY_FILE=$KEY_FILE OYSTER_PORT=$(free_port) \
		refuses check lighttpd -D -f "$TOP/conf/lighttpd.conf" &&
	grep "another server runs there" err &&
	post -d "{\"model\":\"m\"}" && status 200 &&
	OYSTER_RUN_DIR=$TRASH/shared stop_lighttpd &&
	stop_model
'

test_expect_success 'prompts that a killed server left in it are removed' '
	mkdir -m 0700 left && : >left/lighttpd-upload-x && : >left/mine &&
	OYSTER_RUN_DIR=left OYSTER_KEY_FILE=$KEY_FILE "$B/oyster-responder" --check true &&
	test ! -e left/lighttpd-upload-x &&
	test -e left/mine
'

test_expect_success 'a directory that is not private is refused' '
	mkdir -m 0755 open && mkdir -m 0701 ajar && mkdir -m 0770 group &&
	: >file && ln -s here link && ln -s nowhere dangling &&
	for bad in open ajar group file link link/ dangling missing/dir /
	do
		OYSTER_RUN_DIR=$bad refuses check touch started &&
		test ! -e started &&
		test "$(wc -l <err)" = 1 &&
		grep "OYSTER_RUN_DIR $bad" err || return 1
	done
'

test_expect_success 'a path that is too long for a socket is refused' '
	long=$TRASH/$(printf "x%.0s" $(seq 100)) &&
	OYSTER_RUN_DIR=$long refuses check true &&
	grep "too long" err
'

test_expect_success 'lighttpd with a relative key and directory answers' '
	unset OYSTER_UPSTREAM &&
	start_model &&
	cp "$KEY_FILE" relative.sec &&
	OYSTER_KEY_FILE=relative.sec OYSTER_RUN_DIR=run2 start_lighttpd &&
	post -d "{\"model\":\"llama3.2\",\"prompt\":\"hi\"}" &&
	status 200 &&
	signed &&
	test -S run2/responder-0 &&
	stop_lighttpd
'

test_expect_success 'usage' '
	for arguments in --help --chek "--health x" x -h
	do
		! "$B/oyster-responder" $arguments >out 2>err &&
		grep "^usage: oyster-responder" err || return 1
	done
'

test_done

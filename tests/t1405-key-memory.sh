#!/bin/sh

# The key is in no process but the signers, and not even root sees it there.

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"

test "$(id -u)" = 0 || skip_all 'only root may look into memory'
! grep -q __asan_init "$B/oyster-responder" ||
	CI='' skip_all 'AddressSanitizer wants the stack where it was'
rm "$KEY_FILE"
"$B/oyster-key" new "$KEY_FILE" || skip_all 'no key can be made'

# The key, and the order less the key, as which a signed scalar may be kept:
# each 64 bits of them that begin at a multiple of 32, in their order and in
# that of libsecp256k1's limbs, of 64 bits or 32, which is the reverse; and as
# text.
"$PYTHON" - "$KEY_FILE" >patterns <<\END
import base64, sys

ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141
with open(sys.argv[1], "rb") as file:
    key = file.read()
negated = (ORDER - int.from_bytes(key, "big")).to_bytes(32, "big")
for name, number in ("key", key), ("negated", negated):
    for order, bytes in ("", number), ("-reversed", number[::-1]):
        for at in range(0, 28, 4):
            print(f"{name}{order}-{at}", bytes[at:at + 8].hex())
    for order, text in ("hex", number.hex()), ("HEX", number.hex().upper()):
        for at in range(0, 64, 16):
            print(f"{name}-{order}-{at}", text[at:at + 16].encode().hex())
    print(f"{name}-base64", base64.b64encode(number)[:24].hex())
END

# This script's lighttpd and all that it started.
everybody() {
	test_processes '' "$(server_pid lighttpd)"
}

# named NAME: their pids
named() {
	for pid in $(everybody)
	do
		! grep -qx "$1" "/proc/$pid/comm" || echo "$pid"
	done
}

signs() {
	curl -q -sS --noproxy '*' -m 60 -o /dev/null -D - "$URL/api/generate$1" \
		-d '{"model":"llama3.2","prompt":"hi"}' | grep -c '^x-oyster-signature: '
}

# Five clients, 200 answers for each.
sign_a_thousand() {
	for client in 1 2 3 4 5
	do
		signs '?[1-200]' >"signed$client" &
	done
	wait
	test "$(cat signed[1-5] | paste -sd+ | bc)" = 1000
}

# In no process of this machine; of `without', in the signers alone.
is_nowhere() {
	"$B/memory-scan" patterns all >found
	test $? -lt 2 || return 1
	grep -vE "^(${1:-none}) " found >elsewhere
	cat elsewhere
	test ! -s elsewhere
}

crashed() {
	! kill -0 "$(head -n 1 signers)" && ! kill -0 "$(tail -n 1 responders)"
}

# A process that has it in all forms, until it is ended.
test_expect_success 'the search finds each form of the key in a process that has it' '
	"$PYTHON" -c "
import sys, time
forms = [bytes.fromhex(line.split()[1]) for line in open(\"patterns\")]
print(\"ready\", flush=True)
time.sleep(600)" >ready &
	pid=$! &&
	wait_for 20 test -s ready &&
	"$B/memory-scan" patterns all >found
	kill "$pid"
	wait "$pid"
	cut -d" " -f1 patterns | sort -u >all &&
	test "$(wc -l <all)" = 46 &&
	awk -v pid="$pid" "\$1 == pid { print \$2 }" found | sort -u | diff all - &&
	"$B/memory-scan" patterns "$KEY_FILE" >found
	test "$(wc -l <found)" = 7
'

start_model
start_lighttpd

# A kernel without memfd_secret is the last part's alone.
if ! grep 'no memfd_secret' lighttpd.log
then

test_expect_success 'there are two signers, children of the two responders' '
	named oyster-signer >signers &&
	named oyster-responde >responders &&
	test "$(wc -l <signers)" = 2 && test "$(wc -l <responders)" = 2 &&
	while read -r pid
	do
		cut -d" " -f4 "/proc/$pid/stat"
	done <signers | sort >parents &&
	sort responders | diff - parents
'

# Each has a page for the key and a stack.
test_expect_success 'they alone have memory that nobody else can read' '
	grep -l secretmem /proc/[0-9]*/maps 2>/dev/null | cut -d/ -f3 >secretive
	for pid in $(everybody)
	do
		! grep -qx "$pid" secretive || echo "$pid"
	done >ours
	diff signers ours &&
	while read -r pid
	do
		grep secretmem "/proc/$pid/maps" >maps &&
		test "$(grep -c "rw-s" maps)" = 2 || return 1
	done <signers
'

# Two clients, until the file `busy' is gone.
keep_signing() {
	for client in 1 2
	do
		while test -e busy
		do
			signs '?[1-20]'
		done >"signed$client" &
	done
	wait
}

test_expect_success 'while they sign, root sees it neither in them nor in the others' '
	: >busy &&
	everybody >pids &&
	{ keep_signing & } &&
	for search in $(seq 50)
	do
		wait_for 20 test -s signed1 &&
		"$B/memory-scan" patterns $(cat pids) || break
	done >found
	rm busy
	wait
	cat found &&
	test "$search" = 50 && test ! -s found &&
	test "$(cat signed[12] | paste -sd+ | bc)" -gt 40
'

test_expect_success 'nor in any process of this machine after 1,000 answers' '
	sign_a_thousand &&
	is_nowhere
'

test_expect_success 'nor is it in a core that gdb makes of any of them, registers included' '
	for pid in $(everybody)
	do
		gcore -o core "$pid" >gcore.out 2>&1 || { cat gcore.out; return 1; }
	done &&
	test "$(find . -name "core.*" | wc -l)" = 5 &&
	"$B/memory-scan" patterns ./core.* &&
	rm core.*
'

test_expect_success 'nor in the log, the private directory, or another temporary file' '
	find /tmp /var/tmp /var/log /dev/shm /run -ignore_readdir_race -xdev -type f -newer "$KEY_FILE" \
		! -path "$TRASH/patterns" -print >files || : &&
	grep -F "$TRASH/lighttpd.log" files &&
	echo "$TRASH/model.out" >>files &&
	while read -r file
	do
		test ! -r "$file" || "$B/memory-scan" patterns "$file" || return 1
	done <files
'

# The kernel would write one here, were it not for us.
test_expect_success 'a signer and a responder that crash leave no core, whatever the limit is' '
	(ulimit -c unlimited && exec perl -e "kill ABRT => \$\$") || : &&
	if test -n "$(find . -name "core*")"
	then
		rm core*
	else
		echo "no core in any case: $(cat /proc/sys/kernel/core_pattern)"
	fi &&
	for pid in $(cat signers responders)
	do
		prlimit --pid "$pid" --core=unlimited || echo "the limit stays"
	done &&
	kill -ABRT $(head -n 1 signers) $(tail -n 1 responders) &&
	wait_for 10 crashed &&
	test -z "$(find . -name "core*")"
'

fi
stop_lighttpd TERM
WRAP="$B/without 447"	# memfd_secret
start_lighttpd

test_expect_success 'without memfd_secret it is in one page of each signer, and nowhere else' '
	grep "no memfd_secret" lighttpd.log &&
	named oyster-signer >signers &&
	sign_a_thousand &&
	is_nowhere "$(paste -sd"|" signers)" &&
	while read -r pid
	do
		grep "^$pid " found >its &&
		cut -d" " -f2 its | sort >forms &&
		grep -E "^key-[0-9]+ " patterns | cut -d" " -f1 | sort | diff - forms &&
		cut -d" " -f4 its | sort -u >mapping &&
		test "$(wc -l <mapping)" = 1 || return 1
	done <signers
'

test_expect_success 'that page is locked, and not in core dumps' '
	while read -r pid
	do
		from=$(grep "^$pid " found | head -n 1 | cut -d" " -f4) &&
		sed -n "/^$from /,/^VmFlags/p" "/proc/$pid/smaps" >page &&
		grep "^Size: *4 kB" page &&
		grep "^Locked: *4 kB" page &&
		grep "^VmFlags:.* dd" page || return 1
	done <signers
'

test_done

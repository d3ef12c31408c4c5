#!/bin/sh

# The key is in no process but the signers, and not even root sees it there.

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"

test "$(id -u)" = 0 || skip_all 'only root may look into memory'
rm "$KEY_FILE"
"$B/oyster-key" new "$KEY_FILE" || skip_all 'no key can be made'

start_model
start_lighttpd

# find_bytes FILE PID...: PID and address of every place that holds the bytes of
# the file, in their order or in that of libsecp256k1's limbs, which is the
# reverse.  What cannot be read is passed over.
find_bytes() {
	perl -e '
		open my $file, "<:raw", shift or die;
		my $bytes = do { local $/; <$file> };
		my $any = join "|", map quotemeta, $bytes, scalar reverse $bytes;
		for my $pid (@ARGV) {
			open my $maps, "<", "/proc/$pid/maps" or next;
			open my $mem, "<:raw", "/proc/$pid/mem" or next;
			while (<$maps>) {
				/^([0-9a-f]+)-([0-9a-f]+) r/ or next;
				my ($at, $end) = (hex $1, hex $2);
				next if $end - $at > 1 << 30;	# of a sanitizer
				next if $end > 0x7fffffffffff;
				while ($at < $end) {
					my $len = $end - $at < 1 << 20 ? $end - $at : 1 << 20;
					sysseek $mem, $at, 0;
					last unless sysread $mem, my $page, $len;
					printf "%d %x\n", $pid, $at + $-[0] while $page =~ /$any/gs;
					last if $at + $len >= $end;
					$at += $len - length $bytes;
				}
			}
		}' "$@"
}

# finds_each FILE PIDS: in each of the processes in the file PIDS
finds_each() {
	while read -r pid
	do
		find_bytes "$1" "$pid" | grep -q . || return 1
	done <"$2"
}

# This script's lighttpd and all that it started.
everybody() {
	test_processes '' "$(server_pid lighttpd)"
}

signs() {
	curl -q -sS --noproxy '*' -m 20 -o /dev/null -D - "$URL/api/generate" \
		-d '{"model":"llama3.2","prompt":"hi"}' | grep -q '^x-oyster-signature: '
}

test_expect_success 'requests are signed with it' '
	for i in 1 2 3 4 5 6 7 8
	do
		signs || return 1
	done
'

printf %s "$KEY_FILE" >path

test_expect_success 'the search finds in all of them where the key came from' '
	everybody >pids &&
	test "$(wc -l <pids)" = 5 &&
	finds_each path pids
'

test_expect_success 'neither lighttpd nor a responder has it' '
	for pid in $(everybody)
	do
		grep -qx oyster-signer "/proc/$pid/comm" || echo "$pid"
	done >others &&
	test "$(wc -l <others)" = 3 &&
	find_bytes "$KEY_FILE" $(cat others) >found &&
	cat found &&
	test ! -s found
'

test_expect_success 'of the signers, none shows it, unless this kernel has no memfd_secret' '
	for pid in $(everybody)
	do
		! grep -qx oyster-signer "/proc/$pid/comm" || echo "$pid"
	done >them &&
	test "$(wc -l <them)" = 2 &&
	find_bytes "$KEY_FILE" $(cat them) >found &&
	cat found &&
	if grep "no memfd_secret" lighttpd.log
	then
		test "$(wc -l <found)" = 2
	else
		test ! -s found
	fi
'

test_expect_success 'nor is it in the log, the environment or the private directory' '
	hex=$(od -An -tx1 -v "$KEY_FILE" | tr -d " \n") &&
	! grep -rlia "$hex" lighttpd.log run &&
	key=$KEY_FILE perl -e "
		local \$/;
		open my \$file, q(<:raw), \$ENV{key};
		my \$key = <\$file>;
		for (@ARGV) {
			open my \$other, q(<:raw), \$_ or next;
			exit 1 if index(<\$other> // q(), \$key) >= 0;
		}" lighttpd.log $(find run -type f) $(everybody | sed "s|.*|/proc/&/environ /proc/&/cmdline|")
'

test_done

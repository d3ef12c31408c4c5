#!/bin/sh

# Prompts and answers leave no copy behind: not in responders and signers once
# they have answered, and never in a file outside the private directory.

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"

test "$(id -u)" = 0 || skip_all 'only root may look into memory'
! grep -q __asan_init "$B/oyster-responder" ||
	CI='' skip_all 'AddressSanitizer keeps what was freed'

OYSTER_TIMEOUT=4
OYSTER_MAX_BODY=4194304
export OYSTER_TIMEOUT OYSTER_MAX_BODY

# A word repeated: wherever 15 bytes in a row of a prompt stay, it is found.
# The answer says it again.
word=$(perl -e 'open F, "/dev/urandom"; read F, $_, 8;
	tr/\0-\377/A-Za-z0-9A-Za-z0-9A-Za-z0-9A-Za-z0-9/; print')

# The word and, as SHA-256 takes them into its words, its bytes in fours
# turned around, wherever the word begins; and what only answers have.
perl -e '
	my $word = shift;
	printf "%s %s\n", "prompt", unpack "H*", $word;
	for (0 .. 7) {
		my $bytes = substr $word x 2, $_, 8;
		printf "swapped %s\n", unpack "H*", pack "V2", unpack "N2", $bytes;
		printf "reversed %s\n", unpack "H*", scalar reverse $bytes;
	}
	printf "answer %s\n", unpack "H*", "you said: "' "$word" >patterns

# prompt BYTES: of the word, and a rest
prompt() {
	perl -e 'print substr $ARGV[0] x ($ARGV[1] / 8 + 1), 0, $ARGV[1]' "$word" "$1"
}

# request MODEL BYTES [MORE]: more members of the object, or nonsense
request() {
	printf '{"model":"%s","prompt":"%s"%s}' "$1" "$(prompt "$2")" "${3:-}" >ask.json
}

# With an escape in each word, and one between.
escape() {
	perl -pe 'BEGIN { $w = shift }
		s/$w/sprintf "\\u%04x%s\\n", ord $w, substr $w, 1/ge' "$word"
}

# pids NAME: of this script's lighttpd and all that it started
pids() {
	for pid in $(test_processes '' "$(server_pid lighttpd)")
	do
		! grep -qx "$1" "/proc/$pid/comm" || echo "$pid"
	done
}

responders() {
	pids oyster-responde
}

# Neither in the responders nor in the signers.  The answer comes before the
# responder is done with it.
is_clean() {
	# shellcheck disable=SC2046	# a list of numbers
	"$B/memory-scan" patterns $(responders) $(pids oyster-signer) >found
}

clean() {
	test "$(responders | wc -l)" = 2 &&
	wait_for 5 is_clean && return
	awk '{ print $2, "in", $NF }' found | sort | uniq -c | head -n 20
	return 1
}

start_model
start_lighttpd

test_expect_success 'while a prompt is with the model, the search finds it in a responder' '
	request slow-1000 300 &&
	{ post ask.json & } &&
	wait_for 20 model_counts waiting 1 &&
	! is_clean &&
	wait && status 200 && signed &&
	clean
'

for size in 1 15 40 100 137 300 2000 8192 20000 70000 1000000
do
	test_expect_success "after a prompt of $size bytes was answered, no copy is there" '
		request llama3.2 '$size' &&
		post ask.json && status 200 && signed &&
		clean
	'
done

test_expect_success 'nor one of what was escaped, streamed, or not covered by a receipt' '
	request llama3.2 3000 ",\"stream\":true" &&
	post ask.json && status 200 && signed &&
	clean &&
	request llama3.2 3000 ",\"system\":\"$(prompt 3000)\",\"options\":{\"stop\":[\"$(prompt 500)\"]}" &&
	post ask.json && status 200 && unsigned &&
	clean &&
	request llama3.2 3000 ",\"context\":[1,2]" &&
	escape <ask.json >escaped.json &&
	post escaped.json && status 200 && signed &&
	clean
'

while read -r code model size more
do
	test_expect_success "nor after $model with $size bytes was answered $code" "
		request $model $size '$more' &&
		post ask.json && status $code && unsigned &&
		clean
	"
done <<\END
400 llama3.2 3000 ,
400 llama3.2:cloud 3000
400 llama3.2 300000 ,"options":{"num_ctx":1}
502 wrong-model 3000
502 garbage 3000
502 bad-utf8 1000000
502 cut-1000 3000
502 reset 3000
504 stall 300
504 drip 200000
404 status-404 3000
502 status-302 3000
413 llama3.2 4200000
END

test_expect_success 'nor of nonces, fields and paths that were refused' '
	request llama3.2 100 &&
	post ask.json -H "x-oyster-nonce: $(prompt 500)" && status 400 &&
	post ask.json -H "content-digest: $(prompt 3000)" && status 400 &&
	post ask.json -H "authorization: $(prompt 3000)" && status 200 &&
	fetch POST "/api/$(prompt 1000)" --data-binary @ask.json && status 404 &&
	clean
'

test_expect_success 'nor of clients that went away' '
	request slow-1500 100000 &&
	for i in 1 2 3 4 5 6 7 8
	do
		curl -q -s --noproxy "*" -m 0.4 -o /dev/null --data-binary @ask.json \
			"$URL/api/generate"
		test $? = 28 || return 1
	done &&
	wait_for 10 model_counts waiting 0 &&
	clean
'


test_expect_success 'nor after 1,000 answers, and when the threads that gave them have ended' '
	request llama3.2 900 && cp ask.json small.json &&
	for i in 1 2 3 4 5 6 7 8
	do
		curl -q -sS --noproxy "*" -m 60 -o "/dev/null" --fail \
			--data-binary @small.json "$URL/api/generate?[1-125]" &
		jobs="${jobs:-} $!"
	done &&
	for job in $jobs
	do
		wait $job || return 1
	done &&
	clean &&
	sleep 6 &&
	clean
'

test_expect_success 'nor is one in a core that gdb makes of a responder, registers included' '
	for pid in $(responders) $(pids oyster-signer)
	do
		gcore -o core "$pid" >gcore.out 2>&1 || { cat gcore.out; return 1; }
	done &&
	"$B/memory-scan" patterns ./core.* &&
	rm -f core.*
'

# Every regular file that one of them has open, unlinked ones, too.
holding() {
	for pid in $(test_processes '' "$(server_pid lighttpd)")
	do
		find "/proc/$pid/fd" -type l
	done >links
	while read -r link
	do
		test -f "$link" && test -s "$link" &&
		! "$B/memory-scan" patterns "$link" >/dev/null &&
		readlink "$link"
	done <links >holders
	test -s holders
}

test_expect_success 'a large prompt lies in the private directory, and in no other file' '
	: >began &&
	request llama3.2 1000000 &&
	{ post ask.json --limit-rate 200k & } &&
	wait_for 10 holding &&
	! grep -v "^$OYSTER_RUN_DIR/lighttpd-upload-" holders &&
	find /tmp /var/tmp /var/log /dev/shm /run -ignore_readdir_race -xdev -path "$TRASH" -prune \
		-o -type f -newer began -print >files || : &&
	while read -r file
	do
		test ! -r "$file" || "$B/memory-scan" patterns "$file" || return 1
	done <files &&
	wait && status 200 && signed
'

test_expect_success 'and is nowhere when it has been answered, nor in the log' '
	! holding &&
	find "$OYSTER_RUN_DIR" -type f -print >files &&
	echo "$TRASH/lighttpd.log" >>files &&
	xargs "$B/memory-scan" patterns <files &&
	clean
'

# What README says of lighttpd: it is not ours to wipe.
# shellcheck disable=SC2046
echo "# copies of prompts and answers in lighttpd: $("$B/memory-scan" patterns \
	$(pids lighttpd) | wc -l)"

test_done

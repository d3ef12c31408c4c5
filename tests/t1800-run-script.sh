#!/bin/sh

# scripts/run.sh, as a person runs it: what it says, what it starts, and that
# nothing is left when it ends.

. "${0%/*}/lib.sh"
. "$TESTS/lib-model.sh"

# No package is missing here: whoever asks for one fails.
mkdir bin
cat >bin/apt-get <<EOF
#!/bin/sh
echo "\$@" >>"$TRASH/apt.log"
exit 1
EOF
cp bin/apt-get bin/sudo
# The private directories that it makes for itself are in the file made.
cat >bin/mktemp <<EOF
#!/bin/sh
$(command -v mktemp) "\$@" | tee -a "$TRASH/made"
EOF
: >made
chmod +x bin/*
PATH=$TRASH/bin:$PATH
export PATH B

# run [VARIABLE=VALUE...]: in the background; what it says is in run.out.
run() {
	remember OYSTER_PORT="$(free_port)"
	remember URL="http://127.0.0.1:$OYSTER_PORT"
	: >run.out
	start_server run env "$@" "$TOP/scripts/run.sh" >run.out 2>&1
}

says_how_to_stop() {
	grep -q "^Ctrl-C ends it" run.out
}

is_up() {
	wait_for 30 says_how_to_stop && return
	cat run.out
	return 1
}

directories_are_gone() {
	while read -r directory
	do
		test ! -e "$directory" || { echo "still there: $directory"; return 1; }
	done <"$TRASH/made"
}

# end SIGNAL WHOM: run is a process group.  Nothing of it may be left.
end() {
	kill -s "$1" -- "$2" &&
	wait_for 10 server_is_gone run &&
	directories_are_gone && return
	cat run.out
	stop_server run KILL
	return 1
}

start_model

test_expect_success 'a model server that was named: it answers, and every answer is signed' '
	run &&
	is_up &&
	! grep -i canned run.out &&
	ask llama3.2 &&
	signer "$(sed -n "s/^signer  *//p" run.out)" &&
	status 200 &&
	signed
'

test_expect_success 'it has said who signs and what is asked' '
	grep -E "^signer +0x1a642f0e3c3af545e7acbd38b07251b3990914f1$" run.out &&
	grep -E "^upstream +$MODEL_URL$" run.out
'

test_expect_success 'its line to paste gives a signed answer' '
	sed -n "s/^try  *//p" run.out >paste &&
	grep "^curl" paste &&
	sh paste >pasted &&
	grep "^HTTP/1.1 200" pasted &&
	grep "^x-oyster-signature: " pasted
'

test_expect_success 'Ctrl-C: a request is answered, then nothing is left' '
	mkdir last && { (cd last && ask slow-1500) & } &&
	asking=$! &&
	wait_for 5 model_counts waiting 1 &&
	end INT "-$(server_pid run)" &&
	wait $asking &&
	(cd last && status 200 && signed) &&
	find "$OYSTER_RUN_DIR" -type s -o -type p -o -type f >left &&
	cat left &&
	test ! -s left
'

test_expect_success 'SIGTERM: nothing is left at once, whatever is under way' '
	run &&
	is_up &&
	{ ask slow-60000 & } &&
	wait_for 5 model_counts waiting 1 &&
	end TERM "$(server_pid run)" &&
	find "$OYSTER_RUN_DIR" -type s -o -type p -o -type f >left &&
	cat left &&
	test ! -s left
'

unset OYSTER_KEY_FILE OYSTER_RUN_DIR

test_expect_success 'without a key and a directory it makes its own' '
	run &&
	is_up &&
	test "$(stat -c %a "$(tail -n 1 made)")" = 700 &&
	fetch GET /oyster/signer &&
	signer "$(sed -n "s/^signer  *//p" run.out)" &&
	grep -F "$(cat "$test_here.signer")" body &&
	! grep 0x1a642f0e3c3af545e7acbd38b07251b3990914f1 run.out
'

test_expect_success 'and takes them away' '
	end INT "-$(server_pid run)"
'

if curl -q -s --noproxy '*' -m 2 -o /dev/null http://127.0.0.1:11434/
then
	echo "# a model server is at port 11434: no canned answers"
else
	test_expect_success 'without a model server the practice model answers, and it says so' '
		unset OYSTER_UPSTREAM &&
		run &&
		is_up &&
		grep "its answers are CANNED" run.out &&
		sh -c "$(sed -n "s/^try  *//p" run.out)" >pasted &&
		grep "^HTTP/1.1 200" pasted &&
		grep "^x-oyster-signature: " pasted &&
		grep "practice: you said: " pasted &&
		end INT "-$(server_pid run)"
	'
fi

test_expect_success 'a model server that was named is never replaced' '
	run OYSTER_UPSTREAM=http://127.0.0.1:1 &&
	is_up &&
	grep "http://127.0.0.1:1" run.out &&
	! grep -i canned run.out &&
	ask llama3.2 &&
	signer "$(sed -n "s/^signer  *//p" run.out)" &&
	status 502 &&
	end TERM "$(server_pid run)"
'

# A model server that says it has what is in the file tags.
cat >tags-server <<\EOF
use IO::Socket::INET;
my $server = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 9) or die;
open my $file, ">", "tags.new" or die;
print $file $server->sockport;
close $file;
rename "tags.new", "tags.port";
while (my $client = $server->accept) {
	my ($path) = <$client> =~ /^GET (\S+)/;
	while (<$client>) { last if /^\r?$/ }
	my $tags = $path eq "/api/tags" ? `cat tags` : "{}";
	print $client "HTTP/1.1 200 OK\r\nContent-Length: ${\length $tags}\r\nConnection: close\r\n\r\n$tags";
}
EOF

start_server tags perl tags-server

while read -r name tags
do
	test_expect_success "of $tags its line to paste names $name" '
		wait_for 5 test -s tags.port &&
		printf "%s" "$tags" >tags &&
		run OYSTER_UPSTREAM="http://127.0.0.1:$(cat tags.port)" &&
		is_up &&
		grep -F "{\"model\":\"$name\",\"prompt\":" run.out &&
		end TERM "$(server_pid run)"
	'
done <<\EOF
qwen3:0.6b {"models":[{"name":"qwen3:0.6b","model":"qwen3:0.6b"},{"name":"llama3.2:latest"}]}
hf.co/a/b-c_d:Q4 {"models": [{"name": "gpt-oss:120b-cloud"}, {"name": "';id;'"}, {"name": "hf.co/a/b-c_d:Q4"}]}
llama3.2 {"models":[]}
EOF

test_expect_success 'that model server can be stopped' 'stop_server tags'

# fails VARIABLE=VALUE...: by itself, with status 1 and no word of success.
fails() {
	timeout 30 env "$@" "$TOP/scripts/run.sh" >run.out 2>&1
	result=$?
	cat run.out
	test "$result" = 1 &&
	! grep -E "^(try|signer|Ctrl-C)" run.out &&
	directories_are_gone
}

test_expect_success 'a port that is in use: it says so, and ends' '
	fails OYSTER_PORT="${MODEL_URL##*:}" &&
	grep -iE "port|address|bind" run.out
'

test_expect_success 'bad settings are all named, and it ends' '
	fails OYSTER_PORT=0 OYSTER_TIMEOUT=x &&
	grep "OYSTER_PORT: " run.out &&
	grep "OYSTER_TIMEOUT: " run.out
'

test_expect_success 'a bad key: it says so, and ends' '
	fails OYSTER_PORT="$(free_port)" OYSTER_KEY_FILE=/missing &&
	grep "key file /missing: " run.out
'

test_expect_success 'a directory that is open to others: it says so, and ends' '
	mkdir -m 0755 open &&
	cp "$KEY_FILE" key &&
	fails OYSTER_PORT="$(free_port)" OYSTER_KEY_FILE="$TRASH/key" OYSTER_RUN_DIR="$TRASH/open" &&
	grep "OYSTER_RUN_DIR" run.out
'

test_expect_success 'packages were left alone' '
	cat apt.log
	test ! -e apt.log
'

test_done

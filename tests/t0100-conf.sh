#!/bin/sh
# shellcheck disable=SC2034	# variables are used in the bodies of tests

# The shipped conf/lighttpd.conf: what it sets, and that whatever lighttpd
# refuses by itself is an error like the responder's.

. "${0%/*}/lib.sh"

OYSTER_MAX_BODY=65536
NOT_FOR_RESPONDERS=lighttpd-alone
export OYSTER_MAX_BODY NOT_FOR_RESPONDERS
conf=$TOP/conf/lighttpd.conf

lighttpd_on_conf() {
	(umask 077 && mkdir -p "$OYSTER_RUN_DIR") &&
	OYSTER_PORT=5000 OYSTER_RESPONDER=/bin/true OYSTER_MAX_BODY_KB=64 \
		lighttpd "$1" -f "$conf"
}

# conf_with PROGRAM: PROGRAM.conf has it as the responder.
conf_with() {
	chmod +x "$1" &&
	sed "s|env.OYSTER_RESPONDER|\"$1\"|" "$conf" >"$1.conf" &&
	! cmp -s "$conf" "$1.conf"
}

# raw TEXT: sends it, escapes like \r\n and all, and reads until lighttpd
# closes the connection.
raw() {
	printf '%b' "$1" | perl -MIO::Socket::INET -0777 -e '
		$SIG{PIPE} = "IGNORE";
		alarm 20;
		my $lighttpd = IO::Socket::INET->new("127.0.0.1:$ENV{PORT}") or die $!;
		print $lighttpd scalar <STDIN>;
		$lighttpd->flush;
		my ($head, $body) = split /\r\n\r\n/, scalar <$lighttpd>, 2;
		sub keep { open my $file, ">", $_[0]; print $file $_[1] }
		keep("headers", $head);
		keep("body", $body);
		keep("status", $head =~ m{^HTTP/1\.[01] (\d+)});'
}

# An error in the form of the responder's own.
json_error() {
	test "$(header content-type)" = 'application/json; charset=utf-8' &&
	perl -0777 -ne 'exit !/\A\{"error":"[a-z][^"\n]*[^".\n]"\}\n\z/' body &&
	unsigned && return
	cat headers body
	return 1
}

test_expect_success 'lighttpd finds nothing wrong with the configuration' '
	lighttpd_on_conf -tt >said 2>&1 &&
	test ! -s said
'

lighttpd_on_conf -p | sed 's/^ *//; s/  */ /g; s/,$//' >settings

while read -r setting
do
	test_expect_success "set: $setting" 'grep -Fx "$setting" settings'
done <<\EOF
server.compat-module-load = "disable"
server.modules = ("mod_fastcgi")
server.max-connections = 10000
server.listen-backlog = 4096
server.max-fds = 20000
"listen-backlog" => 4096
"disable-time" => 0
"server.graceful-shutdown-timeout" => 600
"server.clock-jump-restart" => 0
"server.h2proto" => "disable"
"server.h2c" => "disable"
"header-strict" => "enable"
"host-strict" => "enable"
"host-normalize" => "enable"
"method-get-body" => "disable"
"url-normalize-unreserved" => "enable"
"url-normalize-required" => "enable"
"url-ctrls-reject" => "enable"
"url-invalid-utf8-reject" => "enable"
"url-path-2f-reject" => "enable"
"url-path-dotseg-reject" => "enable"
server.stream-request-body = 0
server.stream-response-body = 0
server.range-requests = "disable"
server.tag = ""
"min-procs" => 2
"max-procs" => 2
"check-local" => "disable"
"tcp-fin-propagate" => "enable"
EOF

test_expect_success 'every setting of the responder is passed on, and nothing else' '
	grep -o "\"OYSTER_[A-Z_]*\"" "$TOP/fcgi/config.c" | tr -d "\"" |
		grep -vx -e OYSTER_PORT -e OYSTER_RUN_DIR | sort -u >read &&
	sed -n "s/^\"\(OYSTER_[A-Z_]*\)\"$/\1/p" settings | sort >passed &&
	test -s passed &&
	diff read passed
'

start_lighttpd

test_expect_success 'lighttpd starts without a warning' '
	! grep -E "WARN|configfile|deprecat|unknown|plugin" lighttpd.log
'

# --- what is malformed ---

h='HTTP/1.1\r\nHost: x\r\n'
post="POST /api/generate $h"
while read -r code sentence
do
	read -r request
	test_expect_success "$sentence: $code" '
		raw "$request" &&
		status "$code" &&
		json_error
	'
done <<EOF
400 bytes that are no request
\001\002\003\r\n\r\n
400 the first bytes of TLS
\026\003\001\000\245\001\r\n\r\n
400 a request line without a version
GET /\r\n\r\n
400 lines that end without CR
GET / HTTP/1.1\nHost: x\n\n
400 no Host
GET / HTTP/1.1\r\n\r\n
400 two Hosts
GET ${h}Host: x\r\n\r\n
400 a Host with a space
GET / HTTP/1.1\r\nHost: x y\r\n\r\n
400 a header without a colon
GET / ${h}x\r\n\r\n
400 a space before the colon
GET / ${h}x : y\r\n\r\n
400 a NUL in a header
GET / ${h}x: y\000z\r\n\r\n
400 a length and chunks
${post}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n
400 two lengths
${post}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc
400 a length with a sign
${post}Content-Length: +3\r\n\r\nabc
400 a length of twenty digits
${post}Content-Length: 99999999999999999999\r\n\r\nabc
400 chunks without a length
${post}Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n
400 a GET with a body
GET / ${h}Content-Length: 3\r\n\r\nabc
400 an encoded NUL in the path
GET /%00 ${h}\r\n
400 an encoded slash in the path
POST /api%2fgenerate ${h}Content-Length: 0\r\n\r\n
400 two slashes in the path
POST /api//generate ${h}Content-Length: 0\r\n\r\n
400 dots in the path
POST /x/../api/generate ${h}Content-Length: 0\r\n\r\n
400 a path that is not UTF-8
GET /%ff ${h}\r\n
400 the name of another host
GET http://y/ ${h}\r\n
400 CONNECT
CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n
411 a POST without a length
${post}\r\n
501 an encoding that nobody knows
${post}Transfer-Encoding: xchunked\r\n\r\n
501 a method that nobody knows
BREW / ${h}\r\n
505 HTTP/2 without asking
PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n
505 a version to come
GET / HTTP/3.0\r\nHost: x\r\n\r\n
EOF

# --- what is too much ---

head -c 65536 /dev/zero | tr '\0' x >full
head -c 65537 /dev/zero | tr '\0' x >over
long=$(head -c 8192 /dev/zero | tr '\0' x)

test_expect_success 'a body of OYSTER_MAX_BODY reaches the responder: 400' '
	post full &&
	status 400 &&
	json_error
'

test_expect_success 'one byte more: 413' '
	post over &&
	status 413 &&
	json_error
'

test_expect_success 'one byte more, in chunks: 413' '
	post over -H "Transfer-Encoding: chunked" &&
	status 413 &&
	json_error
'

test_expect_success 'a body that is too large and never comes: 413' '
	raw "${post}Content-Length: 65537\r\nExpect: 100-continue\r\n\r\n" &&
	status 413 &&
	json_error
'

test_expect_success 'headers of more than 8 KiB: 431' '
	fetch GET / -H "x: $long" &&
	status 431 &&
	json_error
'

test_expect_success 'a path of more than 8 KiB: 431' '
	fetch GET "/$long" &&
	status 431 &&
	json_error
'

test_expect_success 'HEAD is refused with the same length and no body' '
	raw "HEAD /%00 $h\r\n" &&
	status 400 &&
	test "$(header content-length)" -gt 0 &&
	test ! -s body
'

# --- what lighttpd could add ---

test_expect_success 'other paths are answered by the responder' '
	fetch GET /index.html &&
	status 404 &&
	json_error &&
	fetch GET /400.html &&
	status 404 &&
	json_error
'

test_expect_success 'lighttpd answers OPTIONS * itself, without a body' '
	fetch OPTIONS "*" &&
	status 200 &&
	test ! -s body &&
	unsigned
'

test_expect_success 'nothing tells which server it is' '
	fetch GET /oyster/signer &&
	status 200 &&
	! header server
'

test_expect_success 'no part of an answer can be asked for' '
	fetch GET /oyster/signer -H "Range: bytes=0-1" &&
	status 200 &&
	! header accept-ranges &&
	! header content-range
'

test_expect_success 'HTTP/1.1 is not upgraded to HTTP/2' '
	fetch GET /oyster/signer -H "Connection: Upgrade, HTTP2-Settings" \
		-H "Upgrade: h2c" -H "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA" &&
	status 200
'

test_expect_success 'requests too large to be kept in memory leave no file' '
	stop_lighttpd INT
'

# --- responders that do not work ---

printf '#!/bin/sh\nsleep 0.4\n' >short-lived
conf_with "$TRASH/short-lived"
start_lighttpd short-lived.conf

answers() {
	fetch GET /oyster/signer && status "$1"
}

test_expect_success 'a responder that dies with the request: 500' '
	wait_for 10 answers 500 &&
	json_error
'

test_expect_success 'no responder: 503' '
	wait_for 10 answers 503 &&
	json_error &&
	post -d "{\"model\":\"m\"}" &&
	json_error
'

stop_lighttpd TERM

cat >spy <<EOF
#!/bin/sh
env >'$TRASH/environment'
ulimit -H -n >'$TRASH/files'
exec '$B/oyster-responder' "\$@"
EOF
conf_with "$TRASH/spy"
start_lighttpd spy.conf

test_expect_success 'responders see the settings and nothing else of the environment' '
	grep -x "OYSTER_MAX_BODY=65536" environment &&
	grep -x "OYSTER_KEY_FILE=$KEY_FILE" environment &&
	! grep -v -E "^(OYSTER_|PHP_FCGI_CHILDREN=|PWD=|SHLVL=|_=)" environment &&
	! grep -E "^OYSTER_(PORT|RUN_DIR|RESPONDER|MAX_BODY_KB)=" environment
'

test_expect_success 'responders have files for 640 requests' '
	test "$(cat files)" -ge 2600
'

test_done

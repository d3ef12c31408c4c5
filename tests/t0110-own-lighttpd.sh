#!/bin/sh
# shellcheck disable=SC2034	# variables are used in the bodies of tests

# conf/oyster.conf in a lighttpd that somebody has already: Debian's package as
# it ships, with nothing changed but the directories and the port, so that it
# runs beside one that is in use.  Run by root, it becomes www-data as always.

. "${0%/*}/lib.sh"

shipped=$(dpkg-query -W -f '${Conffiles}\n' lighttpd |
	sed -n 's|^ /etc/lighttpd/lighttpd.conf \([0-9a-f]*\).*|\1|p')
here=$(md5sum </etc/lighttpd/lighttpd.conf | cut -d " " -f 1)
test "${shipped:-unknown}" = "$here" ||
	skip_all 'this /etc/lighttpd/lighttpd.conf is not as Debian ships it'

# moved FILE: with the test's directories in place of the system's.
moved() {
	sed -e "s|/etc/lighttpd|$TRASH/etc|g" \
	    -e "s|/var/www/html|$TRASH/www|g" \
	    -e "s|/var/cache/lighttpd/uploads|$TRASH/uploads|g" \
	    -e "s|/var/log/lighttpd/error.log|$TRASH/lighttpd.log|g" \
	    -e "s|/run/lighttpd.pid|$TRASH/own.pid|g" \
	    -e "s|/usr/local/bin|$TRASH/libexec|g" \
	    -e "s|/var/lib/oyster|$TRASH/oyster|g" \
	    -e "s|^\(server.port *=\) 80$|\1 $PORT|" \
	    -e "s|http://127.0.0.1:11434|$MODEL_URL|" "$1"
}

# As the head of conf/oyster.conf tells to install it, but for lighty-enable-mod.
install_all() {
	mkdir -p etc/conf-enabled libexec www uploads oyster &&
	cp -R /etc/lighttpd/conf-available etc &&
	moved /etc/lighttpd/lighttpd.conf >etc/lighttpd.conf &&
	moved "$TOP/conf/oyster.conf" >etc/conf-available/90-oyster.conf &&
	moved /usr/sbin/lighty-enable-mod >lighty-enable-mod &&
	chmod +x lighty-enable-mod &&
	ln -s lighty-enable-mod lighty-disable-mod &&
	cp "$B/oyster-responder" libexec &&
	cp "$KEY_FILE" oyster/secp.sec &&
	echo '<p>a page' >www/page.html &&
	chmod 755 . && chmod 700 oyster && chmod 600 oyster/secp.sec || return 1
	test "$(id -u)" != 0 || chown -R www-data: oyster uploads lighttpd.log
}

start_own() {
	start_server lighttpd lighttpd -D -f "$TRASH/etc/lighttpd.conf" >>lighttpd.out 2>&1
	wait_for 10 fetch GET /page.html
}

reload() {
	kill -s USR1 "$(server_pid lighttpd)"
}

page_is_served() {
	fetch GET /page.html &&
	status 200 &&
	cmp www/page.html body &&
	grep -v -i '^date:' headers >"$1"
}

# Not the responder's 404, which is JSON.
not_found() {
	fetch "$@" &&
	status 404 &&
	header content-type | grep text/html &&
	unsigned
}

answers() {
	fetch GET /oyster/signer && status "$1"
}

signed_answer() {
	post -d '{"model":"practice","prompt":"Why is the sky blue?"}' &&
	status 200 &&
	signed
}

# The user of each process of lighttpd that is a responder or its signer.
responders() {
	for pid in $(test_processes "" "$(server_pid lighttpd)")
	do
		! grep -aq oyster-responder "/proc/$pid/cmdline" ||
			sed -n "s/^Uid:.\([0-9]*\).*/\1/p" "/proc/$pid/status"
	done
}

no_responder() {
	test -z "$(responders)"
}

start_model
remember PORT="$(free_port)" OYSTER_RUN_DIR="$TRASH/oyster"
remember URL="http://127.0.0.1:$PORT"

test_expect_success 'lighttpd serves a page before anything is installed' '
	install_all &&
	start_own &&
	page_is_served before &&
	not_found GET /api/generate
'

test_expect_success 'lighty-enable-mod enables the fragment' '
	./lighty-enable-mod oyster >said &&
	grep -x "Enabling oyster: ok" said &&
	lighttpd -tt -f etc/lighttpd.conf
'

test_expect_success 'after a reload prompts are answered and signed' '
	reload &&
	wait_for 10 answers 200 &&
	signed_answer
'

test_expect_success 'errors are those of the responder' '
	fetch GET /api/generate &&
	status 405 &&
	header allow &&
	unsigned &&
	post -d "{}" &&
	status 400 &&
	unsigned
'

test_expect_success 'a prompt sent over HTTP/2, which Debian allows, is signed as well' '
	post -d "{\"model\":\"practice\",\"prompt\":\"Why?\"}" --http2-prior-knowledge &&
	grep "^HTTP/2 200" headers &&
	signed
'

test_expect_success 'health is told' '
	fetch GET /health &&
	status 200
'

test_expect_success 'the page is served as before' '
	page_is_served after &&
	diff before after
'

for path in /api/tags /api /api/generate/x /api/generatefoo /healthz /oyster /oyster/
do
	test_expect_success "$path does not go to the responder" 'not_found GET "$path"'
done

test_expect_success 'two responders run, and two signers, as the user of lighttpd' '
	owner=$(id -u) &&
	{ test "$owner" != 0 || owner=$(id -u www-data); } &&
	responders >users &&
	test "$(wc -l <users)" = 4 &&
	test "$(sort -u users)" = "$owner"
'

test_expect_success 'mod_fastcgi may be enabled already' '
	./lighty-enable-mod fastcgi &&
	reload &&
	wait_for 10 answers 200 &&
	signed_answer
'

test_expect_success 'once disabled, the responders are gone and the page is still served' '
	./lighty-disable-mod oyster &&
	reload &&
	wait_for 10 no_responder &&
	page_is_served last &&
	diff before last &&
	not_found GET /api/generate
'

test_done

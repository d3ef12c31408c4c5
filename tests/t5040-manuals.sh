#!/bin/sh

# The manual pages: in order, complete, and right where they give examples.

. "${0%/*}/lib.sh"

command -v mandoc >/dev/null || skip_all 'no mandoc'
command -v jq >/dev/null || skip_all 'no jq'

PAGES="$TOP/keys/oyster-key.1 $TOP/keys/oyster-receipt.7
	$TOP/keys/verify/oyster-verify.1 $TOP/fcgi/oyster-responder.8"

# text PAGE: as it is read, on lines of any length
text() {
	mandoc -Tutf8 -O width=300 "$1" | sed "s/.$(printf '\b')//g"
}

for page in $PAGES
do
	test_expect_success "mandoc finds nothing wrong with ${page##*/}" "
		mandoc -Tlint -Wwarning $page
	"
done

test_expect_success 'every setting is in oyster-responder(8), and with its default' '
	text "$TOP/fcgi/oyster-responder.8" >page &&
	sed -n "s/^ \* \(OYSTER_[A-Z_]*\) .* \([^ ]*\)$/\1 \2/p" "$TOP/fcgi/config.h" >settings &&
	test "$(wc -l <settings)" -ge 10 &&
	while read -r name default
	do
		tr "\n" " " <page | grep -F "  $name  " >/dev/null &&
		sed -n "/^ *$name /,/^$/p" page | grep -F "$default" || return 1
	done <settings
'

test_expect_success 'every option is in its page' '
	for option in --check --health
	do
		grep -q -- "\"$option\"" "$TOP/fcgi/main.c" && grep -F -- "$option" page || return 1
	done &&
	text "$TOP/keys/verify/oyster-verify.1" >page &&
	if test -e "$TOP/keys/verify/options.c"
	then
		sed -n "s/^	{ \"\([a-z-]*\)\", .*/--\1/p" "$TOP/keys/verify/options.c" >options &&
		test -s options &&
		while read -r option
		do
			grep -F -- "$option" page || return 1
		done <options
	fi
'

# example START END: the lines of oyster-receipt(7) between two others
example() {
	text "$TOP/keys/oyster-receipt.7" | sed -n "/$1/,/$2/p" | sed "1d;\$d;/^ *$/d"
}

# recorded FILE NAME KEY: what the vectors say
recorded() {
	jq -rj --arg name "$2" ".cases[] | select(.name == \$name) | .$3" "$TESTS/vectors/verdict-$1.json"
}

test_expect_success 'the receipt in oyster-receipt(7) is that of the vectors' '
	example "The bytes that are hashed" "The digest:" |
		sed "s/ |.*//; s/ 1741620242$//; s/ parameters|$//" | tr -d " \n" >hashed &&
	printf "|oyster-hasher||timestamp|" | od -An -v -tx1 | tr -d " \n" >expected &&
	printf "%016x" 1741620242 >>expected &&
	printf "|ollama_signature_parameters|" | od -An -v -tx1 | tr -d " \n" >>expected &&
	recorded receipt plain encoded >>expected &&
	cmp expected hashed &&
	example "The digest:" "Its exchange signature" | tr -d " \n" >digest &&
	test "$(cat digest)" = "$(recorded receipt plain digest)" &&
	example "x-oyster-signature: (on one line)" "The bytes that are hashed" | tr -d " \n" >signature &&
	test "$(cat signature)" = "$(recorded receipt plain signature)"
'

test_expect_success 'the exchange in oyster-receipt(7) is that of the vectors' '
	example "The base has" "The digest of the message" | sed "1{/^ *place/d;}; s/^     //" >base &&
	sed "6{N;N;s/\n//g;}" base | sed -z "s/\n\$//" >folded &&
	recorded exchange "a nonce" base >expected &&
	cmp expected folded &&
	text "$TOP/keys/oyster-receipt.7" | grep -F "The base has $(wc -c <expected) bytes" &&
	example "The digest of the message" "Other languages" | tr -d " \n" >digest &&
	test "$(cat digest)" = "$(recorded exchange "a nonce" digest)" &&
	example "signature: (on one line)" "The base has" | grep -v "^ *[0-9a-f]*$" | tail -n 2 | tr -d " \n" >signature &&
	test "$(sed "s/oyster=:\(.*\):/\1/" signature | base64 -d | od -An -v -tx1 | tr -d " \n")" = \
		"$(recorded exchange "a nonce" signature)" &&
	for name in content-digest x-oyster-request-digest
	do
		text "$TOP/keys/oyster-receipt.7" | grep -F "     $name: sha-256" | tr -d " " >field &&
		recorded exchange "a nonce" response | tr -d " \r" | grep -F -f field || return 1
	done
'

test_expect_success 'make install installs them, and make uninstall takes them away' '
	make -s -C "$TOP" B="$B" DESTDIR="$TRASH/root" install &&
	for page in $PAGES
	do
		find root -name "${page##*/}" | grep "/man${page##*.}/" || return 1
	done &&
	make -s -C "$TOP" B="$B" DESTDIR="$TRASH/root" uninstall &&
	test -z "$(find root -type f)"
'

test_expect_success 'with PREFIX=/usr nothing that is installed is said to be in /usr/local' '
	make -s -C "$TOP" B="$B" DESTDIR="$TRASH/usr" PREFIX=/usr install &&
	text usr/usr/share/man/man8/oyster-responder.8 | grep /usr/share/oyster/lighttpd.conf &&
	test "$(stat -c %a usr/usr/share/man/man8/oyster-responder.8)" = 644 &&
	! grep -rI /usr/local usr
'

test_done

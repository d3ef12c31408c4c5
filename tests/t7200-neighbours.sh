#!/bin/sh

# Whoever else is on the machine gets nothing from the responders.

. "${0%/*}/lib.sh"

start_lighttpd

if test "$(id -u)" = 0 && command -v setpriv >/dev/null
then
	test_expect_success 'another user cannot speak to a responder' '
		socket=$(find "$OYSTER_RUN_DIR" -type s | head -n 1) &&
		connect="use IO::Socket::UNIX; IO::Socket::UNIX->new(Peer => shift) or die \"\$!\\n\"" &&
		chmod 755 "$TRASH" &&
		perl -e "$connect" "$socket" &&
		! setpriv --reuid 65534 --regid 65534 --clear-groups perl -e "$connect" "$socket" 2>why &&
		grep -x "Permission denied" why &&
		chmod 700 "$TRASH"
	'
fi

if command -v dpkg-query >/dev/null && dpkg-query -W libfcgi0ldbl >/dev/null 2>&1
then
	test_expect_success 'libfcgi is one in which CVE-2025-23016 is mended' '
		version=$(dpkg-query -W -f "\${Version}" libfcgi0ldbl) &&
		echo "$version" &&
		dpkg --compare-versions "$version" ge 2.4.2-2+deb12u1
	'
fi

test_done

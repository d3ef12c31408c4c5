#!/bin/sh
# Everything a compiler, a linter and a grep can find.  Silent when all is well.

# shellcheck disable=SC2046,SC2013	# names of files here have no spaces
set -eu
cd "${0%/*}/.."
# shellcheck source=scripts/packages.sh
. scripts/packages.sh

# shellcheck disable=SC2086
need_packages $BUILD_PACKAGES libcbor-dev libssl-dev libjansson-dev valgrind clang cppcheck shellcheck mandoc git

failed=0
complain() {
	echo "$*" >&2
	failed=1
}

# refuse WHAT PATTERN FILE...: no line of the files may match
refuse() {
	what=$1 pattern=$2
	shift 2
	test $# -gt 0 || return 0
	if grep -nE "$pattern" "$@" >&2
	then
		complain "^ $what"
	fi
}

# only NAME LIBRARY FILE...: no other source may include the library's header
only() {
	library=$1
	shift
	for file in $(grep -lE "#include <$library" fcgi/*.[ch] keys/*.[ch] keys/verify/*.[ch])
	do
		case " $* " in
		*" $file "*) ;;
		*) complain "$file includes $library: only $* may" ;;
		esac
	done
}

compile() {
	make -s B="build-lint-$1" CC="$1" CFLAGS='-O2 -Werror' all units
}
compile gcc
compile clang

cppcheck -q --error-exitcode=1 --std=c11 --enable=warning,performance,portability \
	--inline-suppr --suppress=missingIncludeSystem -D_GNU_SOURCE -I. \
	fcgi keys tests/*.c tests/practice tests/unit tests/fuzz tests/differential || complain 'cppcheck'

# shellcheck disable=SC2046
shellcheck -x $(git ls-files '*.sh' .ci/run) || complain 'shellcheck'

for page in $(git ls-files '*.1' '*.7' '*.8')
do
	mandoc -Tlint -Wwarning "$page" >&2 || complain "$page"
done

# Arrows point one way.
refuse 'keys/ stands alone' '#include "(fcgi|\.\.)/' keys/*.[ch]
refuse 'fcgi/ knows of keys/ only signer.h and sandbox.h' \
	'#include "keys/([^s]|s[^ia]|sa[^n])' fcgi/*.[ch]
only 'fcgi' fcgi/respond.c
only 'fastcgi.h' fcgi/record.c
only 'curl/' fcgi/relay.c fcgi/main.c
only 'secp256k1' keys/ecdsa.c
only 'seccomp' keys/sandbox.c
only 'nettle/' keys/keccak.h keys/keccak.c keys/exchange.c fcgi/digest.h fcgi/digest.c \
	keys/verify/encoding.c keys/verify/document.c
only 'openssl/' keys/verify/chain.c
only 'cbor' keys/verify/item_cbor.c

# Each test that tests/THREATS.md names is there, file and title.
perl -ne '
	while (/`((?:t\d|unit|fuzz|differential)[^`]*)`((?:,? ?"[^"]*")*)/g) {
		my ($file, $titles) = ($1, $2);
		open my $test, "<", "tests/$file" or print("$file\n"), next;
		local $/;
		my $text = <$test>;
		index($text, $_) >= 0 or print "$file: $_\n" for $titles =~ /"([^"]*)"/g;
	}' tests/THREATS.md | grep . >&2 && complain '^ tests/THREATS.md names it, and it is not there'

# What wants a better function, or another file.
refuse 'banned function' \
	'\<(strcpy|strcat|strncpy|strncat|sprintf|vsprintf|strtok|atoi|atol|gets|localtime|gmtime|system|popen)\(' \
	fcgi/*.c keys/*.c keys/verify/*.c
refuse 'unfinished' '\<(TOD[O]|FIXM[E]|XX[X]|HAC[K])\>' $(git ls-files '*.[ch]' '*.sh' '*.md' Makefile conf)
refuse 'trailing white space' '[ 	]$' $(git ls-files '*.[ch]' '*.sh' '*.py' '*.mjs' conf Makefile)
for key in $(git ls-files '*.sec')
do
	complain "$key: a key does not belong into the repository"
done

exit $failed

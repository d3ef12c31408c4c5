# shellcheck shell=sh disable=SC2034
#
# lib-torture.sh - who is not to be tortured, and the responder with
# tests/torture/shim.c in it.  For scripts that want it behind lib.sh.

SHIM=$TRASH/shim

# not_sanitized REASON: a sanitizer's build skips the script, in CI as well.
not_sanitized() {
	grep -aq -e __asan_init -e __tsan_init "$B/oyster-responder" || return 0
	echo "1..0 # SKIP $*"
	test_ended=yes
	exit 0
}

# tell COMMAND...: its output is said, and kept in TORTURE_RESULTS
tell() {
	"$@" >said
	test_rc=$?
	tee -a "${TORTURE_RESULTS:-/dev/null}" <said
	return "$test_rc"
}

# shimmed_conf PROCESSES: conf/lighttpd.conf with so many responders, into shim.conf
shimmed_conf() {
	if ! test -e "$B/torture/shim.so"	# ld.so would only warn, and nothing fail
	then
		echo "Bail out! no $B/torture/shim.so: make units"
		exit 1
	fi
	truncate -s 4096 "$SHIM" || return 1
	sed -e "s/\"\(min\|max\)-procs\" => 2/\"\1-procs\" => $1/" \
		-e "s|\"bin-environment\" => (|&\"LD_PRELOAD\" => \"$B/torture/shim.so\", \"OYSTER_SHIM\" => \"$SHIM\",|" \
		"$TOP/conf/lighttpd.conf" >shim.conf
}

# shim NAME [VALUE]: what is in the file, or put there
shim() {
	"$PYTHON" -c '
import sys
sys.path.insert(0, sys.argv[1])
from shim import Shim
shim = Shim(sys.argv[2])
if len(sys.argv) == 4:
    print(shim[sys.argv[3]])
else:
    shim[sys.argv[3]] = int(sys.argv[4])' "$TESTS/torture" "$SHIM" "$@"
}

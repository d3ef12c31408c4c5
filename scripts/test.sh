#!/bin/sh
# Installs what the tests need, builds, and runs all tests under prove.
# Arguments are passed on to make: scripts/test.sh asan

set -eu
cd "${0%/*}/.."
# shellcheck source=scripts/packages.sh
. scripts/packages.sh

# shellcheck disable=SC2086
need_packages $BUILD_PACKAGES $RUN_PACKAGES libjansson-dev libcbor-dev libssl-dev \
	perl python3 python3-pycryptodome python3-ecdsa jq bc openssl mandoc gdb valgrind
case ${1:-} in
fuzz)	need_packages clang libclang-rt-dev ;;
esac
need_packages strace wrk
# On a person's machine the tests of the image are skipped without them.
# shellcheck disable=SC2086
test -z "${CI:-}" || need_packages $IMAGE_PACKAGES
PATH=$PATH:/usr/sbin:/sbin
export PATH

# A node from elsewhere is as good as Debian's.
command -v npm >/dev/null || need_packages nodejs npm
if ! test tests/node_modules/.package-lock.json -nt tests/package-lock.json
then
	echo 'installing ethers and what else tests/package.json names, from npm'
	npm ci --prefix tests --no-audit --no-fund --loglevel=error || {
		echo "npm failed: the checks with ethers and the EVM are skipped" >&2
		test -z "${CI:-}"
	}
fi

exec make -s "${1:-check}"

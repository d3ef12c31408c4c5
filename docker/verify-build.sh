#!/bin/sh
# Builds the enclave image again, from nothing and under other circumstances
# (path, umask, time zone, name of the machine where root may change it), and
# says whether it is the same.
#
#	docker/verify-build.sh [amd64|arm64] [DIGEST [LIST]]
#
# DIGEST is what was published, of the manifest or of the image, and LIST the
# oyster.spdx.json beside it.  Without them the image of docker/build.sh in
# build/image is what is compared with; it is built when it is not there.
# When the digests differ, what differs in the lists is the reason.
# BASE and SNAPSHOT are as for docker/build.sh.  Exit status: 0 the same, 1 not.

set -eu
top=$(cd "${0%/*}/.." && pwd)
# shellcheck source=scripts/packages.sh
. "$top/scripts/packages.sh"
need_packages buildah jq >&2

arch=${1:-$(dpkg --print-architecture)}
digest=${2:-}
list=${3:-}
if test -z "$digest"
then
	first=$top/build/image/$arch
	test -s "$first/digest" || "$top/docker/build.sh" "$arch" "$first"
	digest=$(cat "$first/digest")
	list=$first/oyster.spdx.json
fi

# Not the cache of the first build: a storage of its own.
work=$(mktemp -d /var/tmp/oyster-verify.XXXXXX)
# shellcheck disable=SC2317	# called by a trap
finish() {
	# A part of the storage may still be mounted when a build was interrupted.
	awk -v work="$work/" 'index($5, work) == 1 { print $5 }' /proc/self/mountinfo |
		sort -r | xargs -r umount -l
	rm -rf --one-file-system "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cat >"$work/storage.conf" <<EOF
[storage]
driver = "${STORAGE_DRIVER:-overlay}"
graphroot = "$work/storage"
runroot = "$work/run"
EOF
CONTAINERS_STORAGE_CONF=$work/storage.conf
TZ=Pacific/Chatham
export CONTAINERS_STORAGE_CONF TZ
umask 077
mkdir "$work/another path"
cp -R "$top/Makefile" "$top/conf" "$top/docker" "$top/fcgi" "$top/keys" "$top/scripts" "$work/another path"
find "$work/another path" -exec touch -d '1 June 2001' {} +

elsewhere=''
unshare --uts true 2>/dev/null && elsewhere='unshare --uts'
# shellcheck disable=SC2016,SC2086	# its own arguments; a command or none
$elsewhere sh -c '
	test -z "$1" || hostname another-machine
	exec "$2/docker/build.sh" "$3" "$4"' build \
	"$elsewhere" "$work/another path" "$arch" "$work/second" >&2

for form in digest id
do
	if test "$(cat "$work/second/$form")" = "$digest"
	then
		echo "the same: $digest"
		exit 0
	fi
done
echo "different: built $(cat "$work/second/digest")"
echo "           not   $digest"
test -n "$list" || exit 1

# A line for each package and source that went in, and each file that came out.
lines() {
	jq -r --arg what "$2" '.[$what][] |
		"\(.SPDXID | ltrimstr("SPDXRef-")) \(.versionInfo // .checksums[1].checksumValue)"' "$1" | sort
}
# differ WHAT: true, and says how, when the two lists do
differ() {
	lines "$list" "$1" >"$work/theirs"
	lines "$work/second/oyster.spdx.json" "$1" >"$work/ours"
	! diff "$work/theirs" "$work/ours" >"$work/changes"
}
if differ files
then
	echo 'these files are others (< the first, > this one):'
	grep '^[<>]' "$work/changes"
fi
if differ packages
then
	echo 'they were made of others:'
	grep '^[<>]' "$work/changes"
else
	echo 'although it was made of the same packages and sources'
fi
exit 1

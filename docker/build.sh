#!/bin/sh
# Builds the enclave image, with buildah, and says what its digest is.
#
#	docker/build.sh [--fresh] [amd64|arm64] [DIRECTORY]
#
# The architecture is this machine's unless told.  Into DIRECTORY, which is
# build/image/ARCHITECTURE unless told:
#
#	oyster.tar		for docker load, podman load, oyster-cvm --docker-images
#	registry/		for skopeo copy --preserve-digests dir:... docker://...
#	oyster.spdx.json	what it was made of
#	digest			of the manifest in registry/, by which an image is pinned
#	id			of the image once it is loaded, whatever compressed it
#
# Steps that were done before are not repeated, so Debian's packages may be
# those of some days ago: --fresh repeats all.  From the environment: BASE, an
# image to build on instead of the one in the Dockerfile; SNAPSHOT, a moment
# of snapshot.debian.org.

set -eu
top=$(cd "${0%/*}/.." && pwd)
# shellcheck source=scripts/packages.sh
. "$top/scripts/packages.sh"
need_packages buildah >&2

# Of all files in the image: its digest depends on what is in it alone.
SOURCE_DATE_EPOCH=1767225600

machine=$(dpkg --print-architecture)
fresh=''
if test "${1:-}" = --fresh
then
	fresh=--no-cache
	shift
fi
arch=${1:-$machine}
case $arch in
amd64 | arm64) ;;
*)	sed -n '4p' "$0" | tr -d '#\t' >&2
	exit 2 ;;
esac
directory=${2:-$top/build/image/$arch}
name=localhost/oyster-$arch

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# chroot: no privilege is needed but that of an own user namespace.  oci:
# buildah's docker format names its container, which is another each time.
build() {
	target=$1
	shift
	buildah bud --quiet --layers --isolation "${BUILDAH_ISOLATION:-chroot}" \
		--format oci --identity-label=false \
		--platform "linux/$arch" --build-arg "BUILDPLATFORM=linux/$machine" \
		${BASE:+--build-arg "BASE=$BASE"} ${SNAPSHOT:+--build-arg "SNAPSHOT=$SNAPSHOT"} \
		--build-arg "SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH" --timestamp "$SOURCE_DATE_EPOCH" \
		--ignorefile "$top/docker/Dockerfile.dockerignore" --file "$top/docker/Dockerfile" \
		--target "$target" --tag "$name:$target" "$@" "$top" >"$work/log" 2>&1 || {
		cat "$work/log" >&2
		exit 1
	}
}

# shellcheck disable=SC2086	# an option or none
build sbom $fresh
build image

# The history of an image names those that it was built from, and they differ
# although what is in this one does not.
container=$(buildah from --pull-never "$name:image")
buildah commit --quiet --rm --squash --omit-history --identity-label=false --format oci \
	--timestamp "$SOURCE_DATE_EPOCH" "$container" "$name:latest" >/dev/null

mkdir -p "$directory"
rm -rf "$directory/registry" "$directory/oyster.tar"
buildah push --quiet --format oci "$name:latest" "dir:$directory/registry" >/dev/null
buildah push --quiet "$name:latest" "docker-archive:$directory/oyster.tar:$name:latest" >/dev/null
buildah push --quiet "$name:sbom" "dir:$work/sbom" >/dev/null
for layer in "$work"/sbom/*
do
	tar -xzOf "$layer" image.spdx.json 2>/dev/null && break
done >"$directory/oyster.spdx.json"
test -s "$directory/oyster.spdx.json"
echo "sha256:$(sha256sum <"$directory/registry/manifest.json" | cut -d ' ' -f 1)" >"$directory/digest"
tar -xOf "$directory/oyster.tar" manifest.json |
	sed 's/.*"Config":"\([0-9a-f]*\)\.json".*/sha256:\1/' >"$directory/id"

echo "image   $directory/oyster.tar"
echo "list    $directory/oyster.spdx.json"
echo "id      $(cat "$directory/id")"
echo "digest  $(cat "$directory/digest")"

#!/bin/sh
# shellcheck disable=SC2034	# IMAGE and IMAGE_NAME are for the scripts
#
# image.sh - the enclave image, for the tests that run it.
#
#	tests/image.sh amd64		builds it, or arm64, and says where it is
#
# Sourced behind lib.sh it gives the verbs image_*.  debian:bookworm-slim is
# not fetched: the same packages from Debian's archive stand in for it.  What
# is built stays in the cache.

IMAGE_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/oyster-tests/image
IMAGE_TOOLS='buildah podman crun conmon catatonit mmdebstrap docker-compose qemu-aarch64-static jq ip'

# What keeps this machine from it, in words; nothing if it can be had.
image_obstacle() {
	test "$(id -u)" = 0 || { echo 'only root can run containers here'; return; }
	for image_tool in $IMAGE_TOOLS
	do
		command -v "$image_tool" >/dev/null && continue
		test -x "/usr/libexec/podman/$image_tool" || echo "$image_tool is not installed"
		return
	done
	unshare -mnpu --fork true 2>/dev/null || echo 'no namespaces can be made'
}

# What apt is told of dates on this machine goes for the base, too.
image_apt_options() {
	apt-config dump | grep '^Acquire::Check-' | sed 's/^/--aptopt=/'
}

# Minimal, merged /usr, without documentation: what the official image is.
image_make_base() {
	set -- --quiet --mode=root --variant=minbase --include=usr-is-merged \
		--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--customize-hook='rm -f "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/*' \
		--customize-hook='copy-in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list.d'
	image_apt_options >"$IMAGE_CACHE/options"
	while read -r image_option
	do
		set -- "$@" "$image_option"
	done <"$IMAGE_CACHE/options"
	mmdebstrap "$@" bookworm "$IMAGE_CACHE/base.tar" /etc/apt/sources.list.d/debian.sources </dev/null &&
	image_container=$(buildah from scratch) &&
	buildah add --quiet "$image_container" "$IMAGE_CACHE/base.tar" / &&
	rm -f "$IMAGE_CACHE/base.oci" &&
	buildah commit --quiet "$image_container" "oci-archive:$IMAGE_CACHE/base.new" &&
	buildah rm "$image_container" &&
	mv "$IMAGE_CACHE/base.new" "$IMAGE_CACHE/base.oci" &&
	rm "$IMAGE_CACHE/base.tar"
}

# Not in the storage of whoever runs the tests.
image_storage() {
	mkdir -p "$IMAGE_CACHE" || return 1
	cat >"$IMAGE_CACHE/storage.conf" <<-EOF
	[storage]
	driver = "overlay"
	graphroot = "$IMAGE_CACHE/storage"
	runroot = "$IMAGE_CACHE/run"
	EOF
	CONTAINERS_STORAGE_CONF=$IMAGE_CACHE/storage.conf
	BASE=oci-archive:$IMAGE_CACHE/base.oci
	export CONTAINERS_STORAGE_CONF BASE
}

# image_build ARCHITECTURE: IMAGE becomes the directory with what build.sh
# makes.  Debian's packages may be a day old.
image_build() {
	image_storage || return 1
	IMAGE=$IMAGE_CACHE/$1
	(
		flock 9
		image_old=$(find "$IMAGE_CACHE" -maxdepth 1 -name base.oci -mmin +1440)
		if test -n "$image_old" || ! test -s "$IMAGE_CACHE/base.oci"
		then
			echo "# making a base for the image in $IMAGE_CACHE" >&2
			image_make_base || exit 1
		fi >"$IMAGE_CACHE/base.log" 2>&1
		nice "$TOP/docker/build.sh" "$1" "$IMAGE"
	) 9>"$IMAGE_CACHE/lock"
}

# image_alone SCRIPT [ARCHITECTURE]: runs the script again in namespaces of its
# own, with an image of this machine's architecture, beside one of the other,
# and returns there.  Ports are free, nothing outside is reached, and nothing
# survives.
image_alone() {
	test -z "${OYSTER_ALONE:-}" || { image_arrange; return; }
	image_reason=$(image_obstacle)
	test -z "$image_reason" || skip_all "no containers: $image_reason"
	for image_arch in ${2:-} "$(dpkg --print-architecture)"
	do
		image_build "$image_arch" >"$TRASH/build.log" 2>&1 && continue
		sed 's/^/# /' "$TRASH/build.log"
		test_expect_success "an image for $image_arch can be built" false
		test_done
	done
	trap - EXIT
	cd / && rm -rf "$TRASH"
	OYSTER_ALONE=yes IMAGE=$IMAGE TMPDIR=/tmp \
		exec unshare -mnpu --fork --kill-child --mount-proc sh "$TESTS/${1##*/}"
}

# crun does not take the two kinds of control groups at once that some
# machines have: show it the newer one, and make none.  podman's settings and
# all that it keeps are the script's own.
image_arrange() {
	mkdir "$TRASH/containers" "$TRASH/etc" &&
	cp -R /etc/containers/. "$TRASH/etc" &&
	cat >"$TRASH/etc/containers.conf" <<-\EOF &&
	[containers]
	cgroups = "disabled"
	default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]
	log_driver = "k8s-file"
	netns = "host"
	[engine]
	cgroup_manager = "cgroupfs"
	events_logger = "file"
	lock_type = "file"
	EOF
	mount --make-rprivate / &&
	umount -l /sys/fs/cgroup &&
	mount -t cgroup2 none /sys/fs/cgroup &&
	mkdir -p /var/lib/containers &&
	mount --bind "$TRASH/containers" /var/lib/containers &&
	mount --bind "$TRASH/etc" /etc/containers &&
	mount -t tmpfs none /run &&
	ip link set lo up &&
	unset CONTAINERS_CONF CONTAINERS_STORAGE_CONF &&
	chmod 0755 "$TRASH" &&
	podman load -q -i "$IMAGE/oyster.tar" >/dev/null &&
	IMAGE_NAME=localhost/oyster-$(dpkg --print-architecture):latest
}

# image_done: in place of test_done.
image_done() {
	podman rm -f -a -t 0 >/dev/null 2>&1
	umount -l /var/lib/containers
	test_done
}

case ${0##*/} in
image.sh)
	TOP=$(cd "${0%/*}/.." && pwd)
	reason=$(image_obstacle)
	test -z "$reason" || {
		echo "$reason" >&2
		exit 1
	}
	image_build "${1:?amd64 or arm64}" && ls "$IMAGE"
	;;
esac

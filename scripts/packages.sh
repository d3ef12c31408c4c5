# shellcheck shell=sh disable=SC2034
# Sourced by the scripts beside it: Debian packages that are missing are
# installed, and apt is left alone when none is.

BUILD_PACKAGES='gcc libc6-dev make pkg-config libfcgi-dev libcurl4-openssl-dev
	libsecp256k1-dev libseccomp-dev nettle-dev'
RUN_PACKAGES='lighttpd curl'
# To build the enclave image without Docker's registry, and to run it.
IMAGE_PACKAGES='buildah podman crun conmon catatonit mmdebstrap docker-compose
	qemu-user-static iproute2 uidmap jq binutils'

is_installed() {
	case $(dpkg-query -W -f '${Status}' "$1" 2>/dev/null) in
	*' installed') return 0 ;;
	esac
	# Either flavour of libcurl will do.
	test "$1" = libcurl4-openssl-dev && is_installed libcurl4-gnutls-dev
}

# shellcheck disable=SC2016	# expands in the shell that is root's
# Runs as root.  policy-rc.d: the packaged lighttpd must not start on port 80.
install_script='
	set -e
	policy=/usr/sbin/policy-rc.d
	if ! test -e $policy
	then
		trap "rm -f $policy" EXIT
		printf "#!/bin/sh\nexit 101\n" >$policy
		chmod 0755 $policy
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get -q update
	apt-get -q install -y --no-install-recommends "$@"
'

# need_packages NAME...
need_packages() {
	missing=''
	for package
	do
		is_installed "$package" || missing="$missing $package"
	done
	test -n "$missing" || return 0

	command -v apt-get >/dev/null || {
		echo "missing packages, and no apt-get to install them:$missing" >&2
		return 1
	}
	echo "installing Debian packages:$missing"
	as_root=''
	test "$(id -u)" = 0 || as_root=sudo
	# shellcheck disable=SC2086
	$as_root sh -c "$install_script" install $missing
}

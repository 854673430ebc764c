#!/bin/sh
# Buildroot runs this when all packages are installed, before the root file
# system is packed: $1 is the root, the rest is in the environment.

set -eu

target=$1
board=$(dirname "$0")

fail() {
	echo "post-build: $*" >&2
	exit 1
}

# value KEY gives the value of a line of Buildroot's own configuration.
value() {
	sed -n "s/^$1=\"\(.*\)\"\$/\1/p" "${BR2_CONFIG}"
}

# Every line of the fragments has arrived.
kernel="${BUILD_DIR}/linux-$(value BR2_LINUX_KERNEL_VERSION)/.config"
"${board}/check-config.sh" "${board}/linux.fragment" "${kernel}"
for busybox in "${BUILD_DIR}"/busybox-*/.config; do
	"${board}/check-config.sh" "${board}/busybox.fragment" "${busybox}"
done

# The root file system is limpid's, not a distribution's.
cp -f "${target}/usr/share/limpid/os-release" "${target}/usr/lib/os-release"

# What the box cannot do without.
[ -s "${target}/etc/ssl/certs/ca-certificates.crt" ] ||
	fail "no certificates in /etc/ssl/certs/ca-certificates.crt"
for file in init usr/bin/limpid bin/sh bin/busybox usr/sbin/mke2fs usr/sbin/e2fsck \
	usr/sbin/resize2fs usr/sbin/nft; do
	[ -x "${target}/${file}" ] || fail "/${file} is not in the root file system"
done
# The first process is limpid, and it needs no other file to run.
[ "$(readlink "${target}/init")" = usr/bin/limpid ] ||
	fail "/init is not limpid: choose BR2_INIT_LIMPID"
! readelf -l "${target}/usr/bin/limpid" | grep -q INTERP ||
	fail "limpid is not static"
# What would only be in the way: a second kernel, modules, start scripts.
for path in boot lib/modules etc/init.d; do
	rmdir "${target}/${path}" 2>/dev/null || true
	[ ! -e "${target}/${path}" ] || fail "/${path} is in the root file system and has no use there"
done

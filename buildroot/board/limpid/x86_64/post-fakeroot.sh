#!/bin/sh
# Buildroot runs this on the copy of the root file system that is packed: $1.
# What is removed here is still there for the next build, whose packages count
# on what they installed.

set -eu

target=$1

# Go reads the bundle of certificates. The same certificates one by one are as
# large again.
rm -rf "${target}/usr/share/ca-certificates"
find "${target}/etc/ssl/certs" -type l -delete

# Of e2fsprogs: make, check, grow and tell. Its other programs, and what comes
# with the libraries that it needs, are not used.
for program in badblocks chattr compile_et dumpe2fs e2freefrag e2label e2mmpstatus \
	e2scrub e2scrub_all e2undo e4crypt filefrag findfs fsck.ext2 fsck.ext3 logsave \
	lsattr mk_cmds mkfs.ext2 mkfs.ext3 mklost+found; do
	rm -f "${target}/bin/${program}" "${target}/sbin/${program}" \
		"${target}/usr/bin/${program}" "${target}/usr/sbin/${program}"
done
rm -rf "${target}/usr/share/et" "${target}/usr/share/ss" "${target}/etc/e2scrub.conf" \
	"${target}/usr/share/nftables" "${target}/etc/nftables" "${target}/usr/share/udhcpc"
# A library of debugfs, which is not there.
rm -f "${target}"/usr/lib/libss.so*

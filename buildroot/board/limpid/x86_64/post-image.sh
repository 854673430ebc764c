#!/bin/sh
# Buildroot runs this when kernel and root file system are in $1 (images). It
# prints what they weigh and ends the build if that is too much for a slot;
# "go run ./image" makes the disk image of them (make firmware does both).

set -eu

images=$1
# The two together, compressed: what an update has to carry.
limit=$((24 * 1024 * 1024))

size() {
	wc -c <"${images}/$1"
}

kernel=$(size bzImage)
root=$(size rootfs.cpio.zst)
total=$((kernel + root))
printf 'kernel           %10d bytes  %s\n' "${kernel}" "${images}/bzImage"
printf 'root file system %10d bytes  %s\n' "${root}" "${images}/rootfs.cpio.zst"
printf 'together         %10d bytes of %d\n' "${total}" "${limit}"
if [ "${total}" -gt "${limit}" ]; then
	echo "post-image: kernel and root file system together are over ${limit} bytes" >&2
	exit 1
fi

// Package image will make what is flashed: the disk image with its two slots,
// the boot files and the signed update bundle. It owns their layout and never
// runs on the box; what writes an update into a slot belongs to appliance. It
// arrives with the firmware: for now limpid runs on a Linux system that is
// already there.
package image

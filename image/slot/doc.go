// Package slot makes what a slot's partition holds: one cpio archive, which GRUB
// reads as a file system, with the kernel, the compressed root file system, the
// kernel's options, the release, and the checksums of them all. It is as long as its contents,
// and whatever lies behind it in the partition does not matter: an update is one
// write from the partition's start.
package slot

// Package cpio packs a tree of files in cpio's "newc" format: the format of the
// kernel's initramfs, and one of the file systems GRUB reads. The tree is held in
// memory; equal trees give equal archives, since entries are sorted, owners are
// root, and there is one time for all. It never reads the host's file system.
package cpio

// Command image makes what is flashed: a disk image with a boot program, two
// slots and room for the box's data. It takes kernel and root file system from
// Debian's packages (profile dev) or from Buildroot's output (profile buildroot),
// needs no privilege, mounts nothing, and writes the same bytes whenever its input
// is the same. It owns the layout of the disk and of the slots, and never runs on
// the box; what writes an update into a slot belongs to appliance/update.
//
// The parts stand in packages of their own: disk (partition table and EFI system
// partition), grub (which slot boots), slot (what is in one), cpio (the archive
// that both a slot and a root file system are), root and debian (the development
// profile's root file system).
package main

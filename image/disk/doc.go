// Package disk lays out what is flashed: a GPT disk with the EFI system
// partition and the two slots. It owns where things lie on the disk, the
// partition table and the FAT32 file system, and writes them through an
// io.WriterAt, so that nothing is mounted and no privilege is needed. Equal
// input gives equal bytes: identifiers are derived from the contents, times are
// given, and entries are written in sorted order. It knows nothing of what is in
// a slot, and never reads a disk.
package disk

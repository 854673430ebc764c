// Package root makes the root file system of the development profile: limpid as
// process 1, Debian's kernel modules, and the few programs of Debian that a box
// needs beside limpid. It decides what is in it and where; the files come from
// packages that package debian has unpacked, and the result is a cpio tree. What
// Buildroot makes is a root file system of its own and does not pass through here.
package root

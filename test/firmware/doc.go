// Package firmware boots disk images in a virtual machine with UEFI firmware, a
// disk and a serial line, as a box would, alone or as the box of a lab (Box). It owns
// the QEMU processes it starts and their copies of the firmware's variables; the disk
// is the caller's, and is written to. The processor is always emulated (TCG). Its
// tests show which slot GRUB starts when something is wrong with the other, and that
// the image that `make image` makes is the same wherever it is made, and boots. Images
// of TestImage have a limpid that runs the test's commands inside (Shell); they differ
// from what is flashed in that one program.
package firmware

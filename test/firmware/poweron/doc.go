// Package poweron boots limpid as process 1 of a machine with two network cards and
// a disk of the test's making, from an initramfs: what a box does from power-on to
// power-off, and when its disk is broken. The test is both ends of the wire, frame
// by frame, and the disk itself (an NBD server), so that it knows what was read when
// and can hold a request back. No boot loader is in it; package firmware above this
// one boots whole images.
package poweron

// Package endtoend boots the disk image of the development profile under UEFI
// firmware, as a box between the lab's clients and servers, and holds it to what is
// promised of limpid: what is captured, what is bridged, what happens when a process
// dies, what is on the disk afterwards. The image differs from the one that is
// flashed in one program: a limpid that runs the test's commands from a serial line.
package endtoend

// Package update replaces the firmware of the slot that does not run, and says
// when the one that runs has proved healthy. An Updater takes a bundle as it
// arrives: nothing is written before signature, board, version and sizes were
// found right, what was written is read back, and one write of the boot
// environment then has the next boot try it. A Gate, run after each boot, commits
// the slot that runs once the wire, the control API and the proxy are well, or
// has the box fall back. The package never opens the slot that runs, and neither
// chooses devices nor reboots by itself: it is given both.
package update

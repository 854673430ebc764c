// Package boot is process 1 of the firmware. Boot is a list of named phases
// (Phases), each with a bound on its time, of which none is fatal: one that fails
// raises an alarm and the next begins, so that whatever is broken, the box is the
// wire it can be. The bridge comes before anything here that touches a disk: where the
// kernel's drivers of disks are built in, it has looked for them before. Afterwards
// process 1 keeps `limpid supervise` and the consoles running as children, whose
// death it survives, keeps the clock by servers in the network, and feeds the hardware
// watchdog from checks that passed.
//
// Everything ends in one place (ending.go): a reboot that was asked for, a power
// button, and each error that process 1 cannot go on from. It owns mounts, kernel
// modules, the names of network interfaces, /data and the state of the box
// (control.Box). Frames, rules and the proxy are never its own: the bridge is
// bridge's, all else the supervisor's.
package boot

// Package kmod loads the kernel modules that a box's devices need, where the
// kernel has modules: it reads what depmod(8) has written (modules.dep,
// modules.alias, modules.softdep), looks at the devices that are there
// (coldplug) and listens for those that come (uevents). It owns finit_module(2)
// and the uevent socket, makes no device node (devtmpfs does) and never unloads;
// what is loaded need not lie in memory a second time, as a file of an initramfs.
// Finding out what to load is a plain function of the index and a name.
package kmod

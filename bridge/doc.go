// Package bridge owns br0: the kernel's bridge between the two ports, its
// settings, the sysctls that keep it transparent and silent, its VLAN devices
// and its management address.
//
// Everything follows one path. A Spec says what is wanted, Status is what the
// kernel has, Plan (a pure function) lists the steps from one to the other, and
// each step applies itself with one netlink message, one sysctl write or one
// ioctl. A second Ensure plans nothing; a later one mends what somebody changed
// and takes over what an earlier run left. No step ever takes one of the two ports
// out of a bridge that forwards: only Down does, MakeRoom for another wire, and who is
// Alone, with another wire of limpid's.
//
// The bridge forwards without this process. Ending it changes nothing on the
// wire, except that link propagation first raises the port it held down.
//
// Typed requests go through vishvananda/netlink; dumps, bridge attributes that it
// does not know and events go through mdlayher/netlink. sysfs is never written
// and hardly read, since it may show another network namespace than the caller's.
//
// The package knows no HTTP and no nftables, and touches no interface but its own
// two ports, its bridge, the VLAN devices on it, and lo (which it sets up).
package bridge

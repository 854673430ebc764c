package lab

import (
	"errors"
	"fmt"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// UnsupportedError says that the running kernel lacks what a helper needs.
type UnsupportedError struct {
	// Feature is what was asked for, Option the kernel configuration that has
	// it, Kernel the release that runs.
	Feature, Option, Kernel string
}

// Error names feature, running kernel and option.
func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%s: kernel %s lacks %s: use one that has it (the VM's does)", e.Feature, e.Kernel, e.Option)
}

// unsupported fills in the running kernel.
func unsupported(feature, option string) error {
	var u unix.Utsname
	release := "of unknown release"
	if unix.Uname(&u) == nil {
		release = unix.ByteSliceToString(u.Release[:])
	}
	return &UnsupportedError{Feature: feature, Option: option, Kernel: release}
}

// Delay holds every frame that leaves through the interface for d, at most an
// hour. The error is an *UnsupportedError where the kernel has no netem.
func (n *Node) Delay(iface string, d time.Duration) error {
	return n.netem(iface, "delay", netlink.NetemQdiscAttrs{Latency: uint32(d.Microseconds()), Limit: 10000})
}

// Lose drops that share of the frames leaving through the interface, in
// percent, by chance. Errors are Delay's.
func (n *Node) Lose(iface string, percent float32) error {
	return n.netem(iface, "loss", netlink.NetemQdiscAttrs{Loss: percent, Limit: 10000})
}

// netem makes the discipline the interface's root, in place of an earlier one.
func (n *Node) netem(iface, what string, attrs netlink.NetemQdiscAttrs) error {
	return n.onLink(iface, what, func(h *netlink.Handle, link netlink.Link) error {
		root := netlink.QdiscAttrs{LinkIndex: link.Attrs().Index, Handle: netlink.MakeHandle(1, 0), Parent: netlink.HANDLE_ROOT}
		err := h.QdiscReplace(netlink.NewNetem(root, attrs))
		if errors.Is(err, unix.ENOENT) { // no such scheduler (net/sched/sch_api.c)
			return unsupported("netem", "CONFIG_NET_SCH_NETEM")
		}
		return err
	})
}

// Undelay takes away what Delay or Lose put on the interface.
func (n *Node) Undelay(iface string) error {
	return n.onLink(iface, "end netem on", func(h *netlink.Handle, link netlink.Link) error {
		return h.QdiscDel(&netlink.GenericQdisc{
			QdiscAttrs: netlink.QdiscAttrs{LinkIndex: link.Attrs().Index, Handle: netlink.MakeHandle(1, 0), Parent: netlink.HANDLE_ROOT},
			QdiscType:  "netem",
		})
	})
}

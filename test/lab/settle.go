package lab

import (
	"fmt"
	"time"

	"github.com/vishvananda/netlink"
)

// settle waits until every interface really carries frames. The kernel acts on
// a new carrier from a work queue that may rest for a second, and until then
// bridge ports do not forward and senders drop (net/core/link_watch.c). To ask
// for a link makes recent kernels catch up on it at once.
func (l *Lab) settle(wires []wireSpec, boxDown bool) error {
	for _, w := range wires {
		if boxDown && w.toBox() {
			continue
		}
		for _, e := range []wireEnd{w.a, w.b} {
			if err := l.nodes[e.node].waitUp(e.iface); err != nil {
				return err
			}
		}
	}
	// After their ports, whose carrier is theirs.
	for _, n := range l.nodes {
		for _, b := range n.spec.bridges {
			if err := n.waitUp(b.name); err != nil {
				return err
			}
		}
	}
	return nil
}

// waitUp waits for at most 5 s until the interface is operational.
func (n *Node) waitUp(iface string) error {
	return n.netlink(func(h *netlink.Handle) error {
		for deadline := time.Now().Add(5 * time.Second); ; {
			link, err := h.LinkByName(iface)
			if err != nil {
				return fmt.Errorf("find %s in %s: %w", iface, n.Name, err)
			}
			state := link.Attrs().OperState
			if state == netlink.OperUp {
				return nil
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("wait for %s in %s: still %s after 5 s", iface, n.Name, state)
			}
			time.Sleep(time.Millisecond)
		}
	})
}

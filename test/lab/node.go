package lab

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Node is one host, router or switch of the lab.
type Node struct {
	// Name is the one in the picture: "c1", "box", "r2".
	Name string

	lab    *Lab
	spec   nodeSpec
	keeper *keeper
	id     nsID

	mu         sync.Mutex
	interfaces []Interface
}

// Interface is what the lab gave to one interface of a node.
type Interface struct {
	Name string
	MAC  MAC
	// IP4 and IP6 are zero for ports of switches and of the box.
	IP4, IP6 netip.Prefix
	// toServers: what leaves here is on its way to the servers.
	toServers bool
}

// newNode starts the node's thread in its new namespace, under a claimed name.
func newNode(l *Lab, spec nodeSpec) (*Node, error) {
	k, err := startKeeper(l.prefix + spec.name)
	if err != nil {
		return nil, err
	}
	n := &Node{Name: spec.name, lab: l, spec: spec, keeper: k}
	if n.id, err = identify(filepath.Join(netnsDir, n.Namespace())); err != nil {
		k.stop()
		return nil, err
	}
	if err := k.do(spec.prepare); err != nil {
		k.stop()
		return nil, err
	}
	return n, nil
}

// Namespace is the node's name for `ip netns exec`.
func (n *Node) Namespace() string { return n.lab.prefix + n.Name }

// Interfaces lists what the lab made in this node, without lo.
func (n *Node) Interfaces() []Interface {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.interfaces)
}

// addInterface makes one known to Interface and Capture.
func (n *Node) addInterface(i Interface) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.interfaces = append(n.interfaces, i)
}

// Interface finds one by name.
func (n *Node) Interface(name string) (Interface, error) {
	for _, i := range n.Interfaces() {
		if i.Name == name {
			return i, nil
		}
	}
	return Interface{}, fmt.Errorf("find interface %s: node %s has none of that name from the lab", name, n.Name)
}

// IP4 is the node's first IPv4 address (s2: the one behind r1); zero for the
// box and the switches.
func (n *Node) IP4() netip.Addr {
	for _, i := range n.Interfaces() {
		if i.IP4.IsValid() {
			return i.IP4.Addr()
		}
	}
	return netip.Addr{}
}

// IP6 is the node's first IPv6 address, as IP4.
func (n *Node) IP6() netip.Addr {
	for _, i := range n.Interfaces() {
		if i.IP6.IsValid() {
			return i.IP6.Addr()
		}
	}
	return netip.Addr{}
}

// Do runs f in the node's namespace, on the calling goroutine and its thread.
// Sockets made in f stay in the namespace. Goroutines that f starts do not run
// there. If the way back fails the thread stays locked, so that the runtime
// discards it when the goroutine ends; the error says so.
func (n *Node) Do(f func() error) (err error) {
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("open the thread's own namespace: %w", err)
	}
	defer home.Close()
	if err := netns.Set(n.keeper.ns); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("enter namespace %s: %w", n.Namespace(), err)
	}
	// Deferred, so that t.FailNow inside f finds its way back too.
	defer func() {
		if back := netns.Set(home); back != nil {
			err = errors.Join(err, fmt.Errorf("leave namespace %s: %w", n.Namespace(), back))
			return
		}
		runtime.UnlockOSThread()
	}()
	return f()
}

// netlink runs f with a route socket in the node's namespace.
func (n *Node) netlink(f func(*netlink.Handle) error) error {
	h, err := netlink.NewHandleAt(n.keeper.ns, unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("open netlink in %s: %w", n.Namespace(), err)
	}
	defer h.Close()
	return f(h)
}

// SetUp brings an interface of the node up.
func (n *Node) SetUp(iface string) error {
	return n.onLink(iface, "set up", (*netlink.Handle).LinkSetUp)
}

// SetDown takes an interface of the node down; the other end loses its carrier.
func (n *Node) SetDown(iface string) error {
	return n.onLink(iface, "set down", (*netlink.Handle).LinkSetDown)
}

// onLink runs f on an interface; verb says in the error what was tried.
func (n *Node) onLink(iface, verb string, f func(*netlink.Handle, netlink.Link) error) error {
	return n.netlink(func(h *netlink.Handle) error {
		link, err := h.LinkByName(iface)
		if err == nil {
			err = f(h, link)
		}
		if err != nil {
			return fmt.Errorf("%s %s in %s: %w", verb, iface, n.Name, err)
		}
		return nil
	})
}

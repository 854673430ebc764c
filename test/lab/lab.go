package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"

	"github.com/google/nftables"
)

// Options change how a lab is built; the zero value is the usual lab.
type Options struct {
	// Name appears in the names of saved captures.
	Name string
	// PortsDown leaves the box's two ports down, as a host that nobody has
	// configured would.
	PortsDown bool
	// Machine leaves the place of the box to a virtual machine: the switches'
	// ports towards it are taps, which Taps gives out, and node box has no
	// interface.
	Machine bool
}

// Lab is one built network. Its nodes can be used from any goroutine.
type Lab struct {
	// Clients, on the box's lan side.
	C1, C2, C3, C4, CR *Node
	// The box, with ports eth0 (clients) and eth1 (servers).
	Box *Node
	// The switches on both sides; their port "box" faces the box.
	LANSwitch, WANSwitch *Node
	// Servers and the two routers, on the wan side.
	S1, S2, S3, R1, R2 *Node

	name   string
	prefix string
	dir    string
	nodes  map[string]*Node

	mu       sync.Mutex
	closers  []func() error
	captures []*Capture
	limpids  []*Limpid
	sets     *nftables.Conn // for FlowsHeld; nil until it is asked
	closed   bool
}

// Build makes the network: about thirteen namespaces and as many wires, in
// some tens of milliseconds. It needs root (see Requirements). It sweeps stale
// labs first. Whoever gets a Lab must Close it.
func Build(ctx context.Context, o Options) (*Lab, error) {
	if err := Requirements(); err != nil {
		return nil, err
	}
	if _, err := Sweep(); err != nil {
		return nil, fmt.Errorf("sweep stale labs: %w", err)
	}
	l := &Lab{name: o.Name, nodes: map[string]*Node{}}
	if err := l.build(ctx, o); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// build leaves what it has made in l, also when it breaks off: Close finds it.
func (l *Lab) build(ctx context.Context, o Options) error {
	if err := prepareNetnsDir(); err != nil {
		return err
	}
	specs := nodes()
	if err := l.claim(specs[0].name); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", l.prefix+"*")
	if err != nil {
		return fmt.Errorf("make the lab's directory: %w", err)
	}
	l.dir = dir
	// limpid's children run as other users and must reach their files.
	if err := os.Chmod(dir, 0o755); err != nil {
		return fmt.Errorf("open up the lab's directory: %w", err)
	}
	for i, spec := range specs {
		if err := context.Cause(ctx); err != nil {
			return fmt.Errorf("build lab: %w", err)
		}
		if i > 0 {
			if err := claimName(l.prefix + spec.name); err != nil {
				return err
			}
		}
		n, err := newNode(l, spec)
		if err != nil {
			return fmt.Errorf("make node %s: %w", spec.name, err)
		}
		l.nodes[spec.name] = n
	}
	l.C1, l.C2, l.C3, l.C4, l.CR = l.nodes["c1"], l.nodes["c2"], l.nodes["c3"], l.nodes["c4"], l.nodes["cr"]
	l.LANSwitch, l.Box, l.WANSwitch = l.nodes["lansw"], l.nodes["box"], l.nodes["wansw"]
	l.S1, l.S2, l.S3, l.R1, l.R2 = l.nodes["s1"], l.nodes["s2"], l.nodes["s3"], l.nodes["r1"], l.nodes["r2"]
	if o.Machine {
		wires := slices.DeleteFunc(wires(), wireSpec.toBox)
		return l.connect(specs, wires, false)
	}
	return l.connect(specs, wires(), o.PortsDown)
}

// claim finds a prefix that no other lab of this process has.
func (l *Lab) claim(first string) error {
	for n := 1; n < 1000; n++ {
		p := prefix(os.Getpid(), n)
		err := claimName(p + first)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil {
			l.prefix = p
		}
		return err
	}
	return errors.New("find a name for the lab: 1000 labs of this process exist already; close some")
}

// Node returns a node by its name in the picture, nil if there is none.
func (l *Lab) Node(name string) *Node { return l.nodes[name] }

// Dir is the lab's temporary directory, removed by Close.
func (l *Lab) Dir() string { return l.dir }

// onClose has f run by Close; the last one added runs first.
func (l *Lab) onClose(f func() error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closers = append(l.closers, f)
}

// Close stops captures, servers and limpid, kills whatever else still runs in
// the lab, and removes its namespaces and directory. That a limpid panicked or
// raced meanwhile is an error (see Limpid.Fault). Sockets that a caller
// dialled are the caller's: while one stays open the kernel keeps its
// namespace, though nobody can find it any more. Closing twice is harmless.
func (l *Lab) Close() error {
	l.mu.Lock()
	closers, limpids := l.closers, l.limpids
	done := l.closed
	l.closers, l.closed = nil, true
	l.mu.Unlock()
	if done {
		return nil
	}
	var errs []error
	for _, f := range slices.Backward(closers) {
		errs = append(errs, f())
	}
	spaces := map[nsID]bool{}
	for _, n := range l.nodes {
		spaces[n.id] = true
	}
	errs = append(errs, killIn(spaces))
	for _, p := range limpids {
		errs = append(errs, p.Fault())
	}
	for _, n := range l.nodes {
		n.keeper.stop()
	}
	if l.prefix != "" {
		errs = append(errs, l.removeNames())
	}
	if l.dir != "" {
		errs = append(errs, os.RemoveAll(l.dir))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close lab: %w", err)
	}
	return nil
}

// removeNames removes also what was only claimed when a build broke off.
func (l *Lab) removeNames() error {
	var errs []error
	for _, spec := range nodes() {
		errs = append(errs, removeName(l.prefix+spec.name))
	}
	return errors.Join(errs...)
}

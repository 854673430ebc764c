package flows

import (
	"errors"
	"fmt"
	"net"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// attached is a program at its place. It stays there as long as anybody holds the link.
type attached struct {
	port int // index of the interface
	link link.Link
}

// fd is the link's descriptor.
func (a attached) fd() (int, error) {
	held, ok := a.link.(interface{ FD() int })
	if !ok {
		return 0, errors.New("find the descriptor of a link: it has none")
	}
	return held.FD(), nil
}

// put puts a program at its place, or in the place of the one before it there. It is the
// first there: others may end a frame's way past the programs.
func put(w Way, program *ebpf.Program, before attached) (attached, error) {
	port, err := net.InterfaceByName(w.Port)
	if err != nil {
		return attached{}, fmt.Errorf("attach %s: find port %s: %w", w.Program, w.Port, err)
	}
	if before.link != nil && before.port == port.Index && before.link.Update(program) == nil {
		return before, nil
	}
	// There was none, or the port is another one by that name.
	l, err := link.AttachTCX(link.TCXOptions{Interface: port.Index, Program: program, Attach: w.attach(), Anchor: link.Head()})
	if err != nil {
		return attached{}, fmt.Errorf("attach %s to port %s: %w", w.Program, w.Port, err)
	}
	return attached{port.Index, l}, nil
}

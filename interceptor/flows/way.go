package flows

import (
	"fmt"
	"net"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// Way is a program's place: a direction of a port.
type Way struct {
	Program string
	Port    string
	In      bool   // what comes in by the port; else what leaves by it
	Why     string // what the program does there
}

func (w Way) String() string {
	direction := "leaves"
	if w.In {
		direction = "comes in"
	}
	return fmt.Sprintf("program %s on what %s by %s", w.Program, direction, w.Port)
}

// Ways are where the programs of flows.c belong. What comes in is judged before the
// bridge sees it, what goes out gets its MACs after it has been there.
func (s Spec) Ways() []Way {
	return []Way{
		{Program: "to_client", Port: s.LAN, Why: "gives what we send to clients the MACs of the server's side"},
		{Program: "to_server", Port: s.WAN, Why: "gives what we send to servers the MACs of the client's SYN; forgets SYNs that were bridged"},
		{Program: "from_server", Port: s.WAN, In: true, Why: "marks answers to what we have asked"},
		// The last: a flow begins here.
		{Program: "from_client", Port: s.LAN, In: true, Why: "takes a slot for a SYN, and marks the frames of flows that began here"},
	}
}

func (w Way) attach() ebpf.AttachType {
	if w.In {
		return ebpf.AttachTCXIngress
	}
	return ebpf.AttachTCXEgress
}

// Missing lists programs that are not where they belong.
func (s Spec) Missing() ([]Way, error) {
	var list []Way
	for _, w := range s.Ways() {
		there, err := w.attached()
		if err != nil {
			return nil, fmt.Errorf("look for %v: %w", w, err)
		}
		if !there {
			list = append(list, w)
		}
	}
	return list, nil
}

func (w Way) attached() (bool, error) {
	port, err := net.InterfaceByName(w.Port)
	if err != nil {
		return false, nil //nolint:nilerr // a port that is not there has no program
	}
	found, err := link.QueryPrograms(link.QueryOptions{Target: port.Index, Attach: w.attach()})
	if err != nil {
		return false, err
	}
	for _, a := range found.Programs {
		p, err := ebpf.NewProgramFromID(a.ID)
		if err != nil {
			continue // gone meanwhile
		}
		info, err := p.Info()
		_ = p.Close() // only read from
		if err == nil && info.Name == w.Program {
			return true, nil
		}
	}
	return false, nil
}

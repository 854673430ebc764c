package flows

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// Bits of struct flow's state, as in flows.c.
const (
	slot         = 0x001
	answered     = 0x008
	serverFIN    = 0x100
	saidToServer = 0x200
	serverRST    = 0x400
)

// Known is what is remembered of one flow.
type Known struct {
	Client, Server netip.AddrPort
	ClientLive     bool          // the client's leg is not over: it has a slot
	ServerLive     bool          // the server has answered, and its leg is not over
	Heard          time.Duration // when the last frame of either end came, since boot (CLOCK_MONOTONIC)
}

// tuple and flow are struct tuple and struct flow.
type tuple struct {
	Client, Server         [16]byte
	ClientPort, ServerPort [2]byte
}

type flow struct {
	Heard, State   uint64
	Client, Server macs
}

type mac [6]byte

type macs struct{ Destination, Source mac }

func known(t tuple, f flow) Known {
	end := func(address [16]byte, port [2]byte) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom16(address).Unmap(), binary.BigEndian.Uint16(port[:]))
	}
	over := f.State&serverRST != 0 || f.State&(serverFIN|saidToServer) == serverFIN|saidToServer
	return Known{
		Client: end(t.Client, t.ClientPort), Server: end(t.Server, t.ServerPort), Heard: time.Duration(f.Heard),
		ClientLive: f.State&slot != 0, ServerLive: f.State&answered != 0 && !over,
	}
}

// Remembered lists what the programs at a port of this network namespace remember,
// whoever put them there.
func Remembered(port string) ([]Known, error) {
	m, err := mapAt(port)
	if err != nil {
		return nil, fmt.Errorf("list flows remembered at port %s: %w", port, err)
	}
	defer func() { _ = m.Close() }() // only read from
	var list []Known
	var t tuple
	var f flow
	for entries := m.Iterate(); ; {
		if !entries.Next(&t, &f) {
			// Where flows come and go, it may have begun anew: good enough for those that look.
			if err := entries.Err(); err != nil && !errors.Is(err, ebpf.ErrIterationAborted) {
				return nil, fmt.Errorf("list flows remembered at port %s: %w", port, err)
			}
			return list, nil
		}
		list = append(list, known(t, f))
	}
}

// mapAt finds the map by the programs that are attached.
func mapAt(port string) (*ebpf.Map, error) {
	i, err := net.InterfaceByName(port)
	if err != nil {
		return nil, err
	}
	attached, err := link.QueryPrograms(link.QueryOptions{Target: i.Index, Attach: ebpf.AttachTCXIngress})
	if err != nil {
		return nil, err
	}
	for _, a := range attached.Programs {
		if m, err := mapOf(a.ID); m != nil || err != nil {
			return m, err
		}
	}
	return nil, errors.New("no program of limpid's is there")
}

// mapOf is nil for a program of somebody else's.
func mapOf(id ebpf.ProgramID) (*ebpf.Map, error) {
	p, err := ebpf.NewProgramFromID(id)
	if err != nil {
		return nil, err
	}
	defer func() { _ = p.Close() }() // only read from
	info, err := p.Info()
	if err != nil {
		return nil, err
	}
	ids, _ := info.MapIDs()
	for _, id := range ids {
		m, err := ebpf.NewMapFromID(id)
		if err != nil {
			return nil, err
		}
		described, err := m.Info()
		if err == nil && described.Name == mapFlows && m.KeySize() == uint32(binary.Size(tuple{})) {
			return m, nil
		}
		_ = m.Close() // not the one
	}
	return nil, nil
}

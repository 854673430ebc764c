package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/nftables"
)

// flowSets are the sets that hold flows; an element of the others goes when its
// time is over, which is longer.
func flowSets() []string {
	return []string{"down4", "down6", "up4", "up6"}
}

func slowSets() []string {
	var list []string
	for _, name := range []string{"asked", "ended_down", "ended_up", "said_down", "said_up"} {
		list = append(list, name+"4", name+"6")
	}
	return list
}

// elements reads a set of limpid's bridge table.
func (s *soak) elements(name string) ([]nftables.SetElement, error) {
	set, err := s.sets.GetSetByName(&nftables.Table{Name: "limpid", Family: nftables.TableFamilyBridge}, name)
	if err != nil {
		return nil, fmt.Errorf("find set %s: %w", name, err)
	}
	list, err := s.sets.GetSetElements(set)
	if err != nil {
		return nil, fmt.Errorf("read set %s: %w", name, err)
	}
	return list, nil
}

// mostLeft is how many elements left names.
const mostLeft = 20

// left names what is in the flow sets, and what the others say of the same tuples.
func (s *soak) left() (lines []string) {
	kept := map[string]bool{}
	for i, name := range append(flowSets(), slowSets()...) {
		list, err := s.elements(name)
		if err != nil {
			return append(lines, err.Error())
		}
		for _, e := range list {
			tuple := string(e.Key)
			if i < len(flowSets()) {
				kept[tuple] = true
			}
			if kept[tuple] && len(lines) < mostLeft {
				lines = append(lines, fmt.Sprintf("%s in %s for %v", tupleText(e.Key), name, e.Expires.Round(time.Second)))
			}
		}
	}
	return lines
}

// tupleText reads client address, client port, server address and server port.
func tupleText(key []byte) string {
	half := len(key) / 2
	client, _ := netip.AddrFromSlice(key[:half-4])
	server, _ := netip.AddrFromSlice(key[half : 2*half-4])
	return fmt.Sprintf("%v to %v", netip.AddrPortFrom(client, binary.BigEndian.Uint16(key[half-4:])), server)
}

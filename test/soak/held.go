package main

import "limpid/test/lab"

// What the box's rules may hold.
const (
	slots      = "slots of flows"
	serverLegs = "legs to servers"
	overLegs   = "flows that are over"
	notes      = "notes about flows"
)

// held adds what limpid's rules hold.
func (f footprint) held(h lab.Held) {
	f[slots], f[serverLegs], f[overLegs], f[notes] = len(h.Clients), len(h.Servers), len(h.Over), h.Rest
}

// mostLeft is how many tuples left names.
const mostLeft = 20

// left names what still has a slot.
func (s *soak) left() (lines []string) {
	h, err := s.lab.FlowsHeld()
	if err != nil {
		return []string{err.Error()}
	}
	for what, list := range map[string][]string{slots: h.Clients, serverLegs: h.Servers} {
		for _, tuple := range list[:min(len(list), mostLeft)] {
			lines = append(lines, tuple+" in "+what)
		}
	}
	return lines
}

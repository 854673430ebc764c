package lldp

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Heard is a frame, and how long ago it came.
type Heard struct {
	Frame []byte
	Age   time.Duration
}

// Present is a neighbour that is there now.
type Present struct {
	Neighbour
	Age time.Duration `json:"-"` // since it was heard last
}

// Of says who is there by the frames of one port: each neighbour once, by its newest
// frame, unless that says goodbye or is older than it holds. What is no LLDP is nobody.
// They are in order of what they are called.
func Of(frames []Heard) []Present {
	frames = slices.Clone(frames)
	slices.SortStableFunc(frames, func(a, b Heard) int { return cmp.Compare(a.Age, b.Age) })
	known := make(map[[2]string]bool)
	var list []Present
	for _, f := range frames {
		n, err := Parse(f.Frame)
		if err != nil || known[n.id] {
			continue
		}
		known[n.id] = true
		if f.Age < n.TTL {
			list = append(list, Present{n, f.Age})
		}
	}
	slices.SortStableFunc(list, func(a, b Present) int {
		return cmp.Or(strings.Compare(a.Called(), b.Called()), slices.Compare(a.id[:], b.id[:]))
	})
	return list
}

// Called is what a person would call the system: its name, or what else it is known by.
func (n Neighbour) Called() string { return cmp.Or(n.Name, n.Chassis) }

// At is what a person would call its port; empty: it says nothing that tells a person
// more than that there is one.
func (n Neighbour) At() string {
	if n.PortIsMAC {
		return n.PortDescription
	}
	return n.Port
}

package interceptor

import (
	"fmt"
	"time"

	"github.com/google/nftables"
)

// set is one named set or map of `table bridge limpid`.
type set struct {
	name    string
	keys    []nftables.SetDatatype
	macs    bool // a map to two MACs: source and destination of a frame
	dynamic bool // filled by rules
	timeout time.Duration
	size    uint32
}

// Names of sets; those kept for each family end in "4" or "6".
const (
	setArmed     = "armed"
	setPorts     = "ports"
	setDown      = "down"
	setUp        = "up"
	setEndedDown = "ended_down"
	setEndedUp   = "ended_up"
	setAsked     = "asked"
	setSaidDown  = "said_down"
	setSaidUp    = "said_up"
)

// leastOver is how many flows that are over can be remembered at least: some
// 3,000 a second, for Spec.EndedTimeout, however few may be open at once.
const leastOver = 65536

// sets lists what s needs. Each flow has its own elements, so that no flow
// can disturb another's:
//
//   - asked (of a pair of addresses where the client's port is not kept), from the client's SYN on, and down, once it is captured, hold the MACs of that SYN
//     (asked is there but empty where nobody has to be asked: with another handshake the sets are the same, and the flows in them live on)
//   - up, from the server's answer to our SYN on, holds the MACs of that (where the client's port is not kept from our SYN on, of an answer to it until one comes)
//   - ended_down and ended_up hold the same from the end's FIN or a reset on, for the other leg and the frames that are late once this one is over
//   - said_down and said_up are where we have said FIN before
//
// The flow sets are bounded: a SYN that finds down full is bridged. The others
// are larger: a flow that was given a slot in down must find one for the rest.
func (s Spec) sets() []set {
	list := []set{
		{name: setArmed, keys: []nftables.SetDatatype{nftables.TypeIFName}, timeout: s.ArmedTimeout, size: 4},
		{name: setPorts, keys: []nftables.SetDatatype{nftables.TypeInetService}},
	}
	if s.Memory == Programs {
		return list
	}
	room := 2*s.Slots + 64
	over := max(room, leastOver)
	for _, f := range s.families() {
		tuple := []nftables.SetDatatype{f.addrType, nftables.TypeInetService, f.addrType, nftables.TypeInetService}
		add := func(name string, macs bool, timeout time.Duration, size uint32) {
			list = append(list, set{name: name, keys: tuple, macs: macs, dynamic: true, timeout: timeout, size: size})
		}
		add(setAsked+f.suffix, true, s.AskedTimeout, room)
		if s.OwnPorts {
			list[len(list)-1].keys = []nftables.SetDatatype{f.addrType, f.addrType, nftables.TypeInetService}
		}
		add(setDown+f.suffix, true, s.FlowTimeout, s.Slots)
		add(setUp+f.suffix, true, s.FlowTimeout, room)
		for _, l := range []leg{clientLeg(f), serverLeg(f)} {
			add(l.ended, true, s.FlowTimeout, over)
			add(l.said, false, s.FlowTimeout, over)
		}
	}
	return list
}

// text is the set's declaration in nft's language.
func (s set) text() string {
	word, keys := "set", ""
	for i, k := range s.keys {
		if i > 0 {
			keys += " . "
		}
		keys += k.Name
	}
	if s.macs {
		word, keys = "map", keys+" : ether_addr . ether_addr"
	}
	out := fmt.Sprintf("%s %s { type %s;", word, s.name, keys)
	if s.size > 0 {
		out += fmt.Sprintf(" size %d;", s.size)
	}
	switch {
	case s.dynamic:
		out += " flags dynamic,timeout;"
	case s.timeout > 0:
		out += " flags timeout;"
	}
	if s.timeout > 0 {
		out += timeoutText(s.timeout) + ";"
	}
	if s.dynamic {
		out += " gc-interval " + collectEvery.String() + ";"
	}
	return out + " }"
}

// equal says that the kernel would take s and o for the same set.
func (s set) equal(o set) bool { return s.text() == o.text() }

// nft is the set as the library wants it.
func (s set) nft(t *nftables.Table) (*nftables.Set, error) {
	keyType := s.keys[0]
	if len(s.keys) > 1 {
		var err error
		if keyType, err = nftables.ConcatSetType(s.keys...); err != nil {
			return nil, fmt.Errorf("describe set %s: %w", s.name, err)
		}
	}
	out := &nftables.Set{
		Table: t, Name: s.name, KeyType: keyType,
		Dynamic: s.dynamic, HasTimeout: s.timeout > 0, Timeout: s.timeout, Size: s.size,
		// Not Concatenation: the kernel refuses that flag on a set rules fill.
	}
	if s.macs {
		var err error
		if out.DataType, err = nftables.ConcatSetType(nftables.TypeEtherAddr, nftables.TypeEtherAddr); err != nil {
			return nil, fmt.Errorf("describe map %s: %w", s.name, err)
		}
		out.IsMap = true
	}
	return out, nil
}

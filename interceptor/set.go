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
	mac     bool // a map to MACs
	dynamic bool // filled by rules
	timeout time.Duration
	size    uint32
}

// Names of sets; those kept for each family end in "4" or "6".
const (
	setArmed       = "armed"
	setPorts       = "ports"
	setDown        = "down"
	setUp          = "up"
	setClientMAC   = "client_mac"
	setServerMAC   = "server_mac"
	setReplyTo     = "reply_to"
	setReplyFrom   = "reply_from"
	setLearned     = "learned"
	setFinClient   = "fin_client"
	setFinToClient = "fin_to_client"
	setFinServer   = "fin_server"
	setFinToServer = "fin_to_server"
	setClosingDown = "closing_down"
	setClosingUp   = "closing_up"
)

// macMaps are the maps from a pair of addresses to MACs: client_mac and
// server_mac as in the client's SYN, for frames to servers; reply_to and
// reply_from as in the server's SYN-ACK, for frames to clients. The two differ
// where routers share an address or routes are not the same both ways.
func macMaps() []string { return []string{setClientMAC, setServerMAC, setReplyTo, setReplyFrom} }

// sets lists what s needs. The flow sets are bounded: a SYN that finds `down`
// full is bridged. `up` is larger than `down`, since a flow whose client leg
// was given a slot must find one for its other leg.
func (s Spec) sets() []set {
	list := []set{
		{name: setArmed, keys: []nftables.SetDatatype{nftables.TypeIFName}, timeout: s.ArmedTimeout, size: 4},
		{name: setPorts, keys: []nftables.SetDatatype{nftables.TypeInetService}},
	}
	for _, f := range s.families() {
		addresses := []nftables.SetDatatype{f.addrType, f.addrType}
		tuple := []nftables.SetDatatype{f.addrType, nftables.TypeInetService, f.addrType, nftables.TypeInetService}
		flows := func(name string, timeout time.Duration, size uint32) set {
			return set{name: name + f.suffix, keys: tuple, dynamic: true, timeout: timeout, size: size}
		}
		list = append(list,
			set{name: setLearned + f.suffix, keys: addresses, timeout: time.Minute, size: 4096},
			flows(setDown, s.FlowTimeout, s.Slots),
			flows(setUp, s.FlowTimeout, 2*s.Slots+64),
		)
		for _, name := range macMaps() {
			list = append(list, set{name: name + f.suffix, keys: addresses, mac: true, dynamic: true, timeout: s.MACTimeout, size: max(s.Slots, 1024)})
		}
		for _, name := range []string{setFinClient, setFinToClient, setFinServer, setFinToServer} {
			list = append(list, flows(name, s.FlowTimeout, 2*s.Slots+64))
		}
		for _, name := range []string{setClosingDown, setClosingUp} {
			list = append(list, flows(name, s.ClosingTimeout, 2*s.Slots+64))
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
	if s.mac {
		word, keys = "map", keys+" : ether_addr"
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
	if s.mac {
		out.IsMap, out.DataType = true, nftables.TypeEtherAddr
	}
	return out, nil
}

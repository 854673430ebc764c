package flows

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
)

// untouched wants a frame to pass at every port as it is, and to take no slot.
func (b bench) untouched(frame []byte) {
	b.t.Helper()
	const mark = 0x1234 // somebody else's
	before, err := b.Live()
	must(b.t, err)
	for _, program := range []string{"from_client", "from_server", "to_client", "to_server"} {
		b.marked(program, mark, frame, mark)
	}
	b.live(before)
}

// longHeader puts options into an IPv4 header.
func longHeader(frame []byte, words int) []byte {
	b := insert(frame, 20, bytes.Repeat([]byte{1}, 4*words)...)
	b[14] += byte(words)
	binary.BigEndian.PutUint16(b[16:], uint16(len(b)-14))
	return b
}

// extended puts a header before TCP in IPv6.
func extended(frame []byte, kind byte) []byte {
	return set(insert(frame, 40, tcp, 0, 1, 4, 0, 0, 0, 0), 6, kind)
}

func tagged(frame []byte, kind uint16, vlan byte) []byte {
	b := append(binary.BigEndian.AppendUint16(slices.Clone(frame[:12]), kind), 0, vlan)
	return append(b, frame[12:]...)
}

func typed(frame []byte, kind uint16) []byte { return set(frame, -2, byte(kind>>8), byte(kind)) }

func toBox(frame []byte) []byte { return with(macs{boxMAC, clientMACs.Source}, frame) }

// changed is what is done to frames of a captured flow in both directions.
type changed map[string]func(frame []byte) []byte

func (c changed) run(t *testing.T, k talk, test func(b bench, change func([]byte) []byte)) {
	t.Helper()
	for name, change := range c {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, specified())
			b.meet(k)
			test(b, change)
		})
	}
}

func TestFramesThatAreNoFlows(t *testing.T) {
	both := changed{
		"another ethertype":   func(f []byte) []byte { return typed(f, 0x88cc) },
		"ARP":                 func(f []byte) []byte { return typed(f, 0x0806) },
		"802.3":               func(f []byte) []byte { return typed(f, uint16(len(f)-14)) },
		"a tag left in":       func(f []byte) []byte { return tagged(f, 0x8100, 0) },
		"a service tag":       func(f []byte) []byte { return tagged(f, 0x88a8, 0) },
		"to the box":          toBox,
		"no TCP header":       func(f []byte) []byte { return f[:len(f)-20] },
		"short TCP header":    func(f []byte) []byte { return f[:len(f)-7] },
		"the Ethernet header": func(f []byte) []byte { return typed(f, 0x88cc)[:14] },
	}
	four, six := talks["IPv4"], talks["IPv6"]
	families := map[string]struct {
		talk
		changed
	}{
		"IPv4": {four, changed{
			"more fragments": func(f []byte) []byte { return set(f, 6, 0x20) },
			"the last":       func(f []byte) []byte { return set(f, 6, 0, 1) },
			"a far one":      func(f []byte) []byte { return set(f, 6, 0x10) },
			"one between":    func(f []byte) []byte { return set(f, 6, 0x3f, 0xff) },
			"version 6":      func(f []byte) []byte { return set(f, 0, 0x65) },
			"header cut":     func(f []byte) []byte { return longHeader(f, 10)[:14+59] },
			"UDP":            func(f []byte) []byte { return set(f, 9, udp) },
			"IPv6 in IPv4":   func(f []byte) []byte { return set(f, 9, 41) },
		}},
		"IPv6": {six, changed{
			"hop-by-hop options": func(f []byte) []byte { return extended(f, 0) },
			"routing":            func(f []byte) []byte { return extended(f, 43) },
			"a fragment":         func(f []byte) []byte { return extended(f, 44) },
			"destination":        func(f []byte) []byte { return extended(f, 60) },
			"UDP":                func(f []byte) []byte { return set(f, 6, udp) },
			"no next header":     func(f []byte) []byte { return set(f, 6, 59) },
		}},
	}
	for name, family := range families {
		t.Run(name, func(t *testing.T) {
			for _, c := range []changed{both, family.changed} {
				c.run(t, family.talk, func(b bench, change func([]byte) []byte) {
					for _, flags := range []byte{syn, ack, rst} {
						b.untouched(change(family.up(flags)))
						b.untouched(change(family.down(flags)))
						b.untouched(change(family.from(40001).up(flags)))
					}
					b.state(family.talk, slot|captured|spoken|answered|expected)
					b.remembered(1)
				})
			}
		})
	}
}

func TestFramesThatAreFlowsAllTheSame(t *testing.T) {
	both := changed{
		"as it is":          func(f []byte) []byte { return f },
		"padded":            func(f []byte) []byte { return append(slices.Clone(f), make([]byte, 6)...) },
		"as short as reads": func(f []byte) []byte { return f[:len(f)-6] },
		"with payload":      func(f []byte) []byte { return append(slices.Clone(f), make([]byte, 1400)...) },
		"to nearly the box": func(f []byte) []byte { f = toBox(f); f[5]++; return f },
		"to a group":        func(f []byte) []byte { return with(macs{mac{1, 0, 0x5e, 0, 0, 1}, clientMACs.Source}, f) },
	}
	families := map[string]changed{
		"IPv4": {
			"do not fragment":  func(f []byte) []byte { return set(f, 6, 0x40) },
			"the reserved bit": func(f []byte) []byte { return set(f, 6, 0x80) },
			"one option":       func(f []byte) []byte { return longHeader(f, 1) },
			"all options":      func(f []byte) []byte { return longHeader(f, 10) },
			"congested":        func(f []byte) []byte { return set(f, 1, 3) },
		},
		"IPv6": {
			"class and label": func(f []byte) []byte { return set(f, 0, 0x6f, 0xff, 0xff, 0xff) },
		},
	}
	for name, k := range talks {
		t.Run(name, func(t *testing.T) {
			for _, c := range []changed{both, families[name]} {
				c.run(t, k, func(b bench, change func([]byte) []byte) {
					second := k.from(40001)
					b.fromClient(change(second.up(syn)), marks.Asked)
					b.live(2)
					b.fromClient(change(k.up(ack)), marks.FromClient)
					b.fromServer(change(k.down(ack)), marks.FromServer)
					b.toClient(change(k.down(ack)), serverMACs)
					b.toServer(change(k.up(ack)), clientMACs)
					b.bridged(marks.Asked, change(second.up(syn)))
					b.live(1)
				})
			}
		})
	}
}

// The header says that it ends before the addresses do: what is there reads like a SYN.
func TestFramesWithAHeaderTooShort(t *testing.T) {
	b := newBench(t, specified())
	k := talk{talks["IPv4"].client, netip.MustParseAddrPort("192.0.0.80:80")}
	cut := set(k.up(syn), 20+9, syn)
	b.untouched(set(cut, 0, 0x44))
	b.fromClient(cut, marks.Asked)
}

func TestFramesWithoutIPv6(t *testing.T) {
	s := specified()
	s.IPv6 = false
	inFamilies(t, s, func(b bench, k talk) {
		if k.client.Addr().Is4() {
			b.meet(k)
			return
		}
		b.put(k, flow{State: slot | captured | answered | expected, Client: clientMACs, Server: serverMACs})
		for _, flags := range []byte{syn, ack} {
			b.untouched(k.up(flags))
			b.untouched(k.down(flags))
			b.untouched(k.from(40001).up(flags))
		}
		b.untouched(k.toldByClient())
		b.untouched(k.toldByServer())
		b.dropped("to_client", marks.ToClient, k.down(ack))
		b.dropped("to_server", marks.ToServer, k.up(ack))
		b.remembered(1)
	})
}

func TestFramesWithoutATagWhereOnlyVLANsAreCaptured(t *testing.T) {
	s := specified()
	s.VLANs = []uint16{5, 64}
	inFamilies(t, s, func(b bench, k talk) {
		b.untouched(k.up(syn))
		b.remembered(0)
	})
}

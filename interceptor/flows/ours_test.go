package flows

import "testing"

func TestOursIsDroppedWithoutAFlow(t *testing.T) {
	inFamilies(t, specified(), func(b bench, k talk) {
		for _, flags := range []byte{syn, syn | ack, ack, fin | ack, rst} {
			b.dropped("to_client", marks.ToClient, k.down(flags))
			b.dropped("to_server", marks.ToServer, k.up(flags))
			b.dropped("to_client", marks.ToClient|inVLAN5, k.down(flags))
			b.dropped("to_server", marks.ToServer|inVLAN5, k.up(flags))
		}
		b.remembered(0)
		b.open(k)
		b.dropped("to_client", marks.ToClient, k.up(ack))
		b.dropped("to_server", marks.ToServer, k.down(ack))
	})
}

func TestOursIsDroppedAtTheWrongPort(t *testing.T) {
	inFamilies(t, specified(), func(b bench, k talk) {
		b.meet(k)
		for _, vlan := range []uint32{0, inVLAN5} {
			b.dropped("to_client", marks.ToServer|vlan, k.up(ack))
			b.dropped("to_client", marks.ToServer|vlan, k.down(ack))
			b.dropped("to_server", marks.ToClient|vlan, k.up(ack))
			b.dropped("to_server", marks.ToClient|vlan, k.down(ack))
		}
		b.state(k, slot|captured|spoken|answered|expected)
	})
}

func TestOursIsDroppedUnread(t *testing.T) {
	b := newBench(t, specified())
	for _, k := range talks {
		b.meet(k)
	}
	unread := map[string][]byte{
		"ARP":        set(frame(otherMACs, make([]byte, 28)), -2, 0x08, 0x06),
		"a fragment": set(talks["IPv4"].up(ack), 6, 0x20),
		"UDP":        set(talks["IPv6"].up(ack), 6, udp),
		"other port": talks["IPv4"].to(81).up(ack),
		"short":      talks["IPv4"].up(ack)[:14+20+13],
	}
	for name, frame := range unread {
		t.Run(name, func(t *testing.T) {
			b.t = t
			b.dropped("to_client", marks.ToClient, frame)
			b.dropped("to_server", marks.ToServer, frame)
			b.marked("to_server", marks.Asked, frame, marks.Asked)
			b.marked("to_server", marks.Full, frame, marks.Full)
		})
	}
}

func TestBridgedSYNIsForgotten(t *testing.T) {
	for name, mark := range map[string]uint32{"asked": marks.Asked, "full": marks.Full} {
		t.Run(name, func(t *testing.T) {
			inFamilies(t, specified(), func(b bench, k talk) {
				b.fromClient(k.from(40001).up(syn), marks.Asked)
				b.fromClient(k.up(syn), marks.Asked)
				b.live(2)
				for range 2 {
					b.bridged(mark, k.up(syn))
					b.live(1)
					b.remembered(1)
				}
				b.fromServer(k.down(syn|ack), 0)
				b.fromClient(k.up(ack), 0)
				b.fromClient(k.up(syn), marks.Asked)
				b.live(2)
			})
		})
	}
}

// What was captured by that tuple before is bridged from then on, without a slot to give.
func TestBridgedSYNOfAFlowThatIsOver(t *testing.T) {
	s := specified()
	s.Slots = 1
	inFamilies(t, s, func(b bench, k talk) {
		b.meet(k)
		b.fromClient(k.up(rst), marks.FromClient)
		b.fromClient(k.from(40001).up(syn), marks.Asked)
		b.fromClient(k.up(syn), marks.Full)
		b.bridged(marks.Full, k.up(syn))
		b.live(1)
		b.remembered(1)
		b.fromServer(k.down(ack), 0)
		b.fromClient(k.up(ack), 0)
	})
}

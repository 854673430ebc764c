package flows

import (
	"net/netip"
	"testing"
	"time"

	"github.com/cilium/ebpf"
)

func TestSYNTakesASlot(t *testing.T) {
	inFamilies(t, specified(), func(b bench, k talk) {
		before := clock(b.t, 100*time.Millisecond) // the programs' clock goes in ticks
		b.fromClient(k.up(syn), marks.Asked)
		b.live(1)
		b.remembered(1)
		b.state(k, slot)
		f := b.known(k)
		if f.Client != clientMACs || f.Server != (macs{}) {
			b.t.Errorf("MACs %+v", f)
		}
		if f.Heard < before || f.Heard > clock(b.t, 0) {
			b.t.Errorf("heard at %d, not now", f.Heard)
		}
		b.fromClient(k.from(40001).up(syn|psh|ecn), marks.Asked)
		b.live(2)
	})
}

func TestSYNSentTwiceTakesOneSlot(t *testing.T) {
	inFamilies(t, specified(), func(b bench, k talk) {
		b.meet(k)
		f := *b.known(k)
		f.Heard = clock(b.t, 9*time.Second)
		b.put(k, f)
		b.fromClient(with(otherMACs, k.up(syn)), marks.Asked)
		b.live(1)
		b.remembered(1)
		after := *b.known(k)
		if after.Heard < clock(b.t, 5*time.Second) {
			b.t.Error("the second SYN was not heard")
		}
		if after.Heard = f.Heard; after != f {
			b.t.Errorf("the second SYN changed what is known:\n%+v\nwas %+v", after, f)
		}
	})
}

func TestSYNFindsNoSlot(t *testing.T) {
	s := specified()
	s.Slots = 1
	inFamilies(t, s, func(b bench, k talk) {
		second := k.from(40001)
		b.meet(k)
		b.fromClient(second.up(syn), marks.Full)
		b.live(1)
		b.remembered(1)
		b.fromServer(second.down(syn|ack), 0)
		b.fromClient(k.up(syn), marks.Asked)
		b.fromClient(k.up(rst), marks.FromClient)
		b.live(0)
		b.fromClient(second.up(syn), marks.Asked)
		b.live(1)
		b.fromClient(k.up(syn), marks.Full)
		b.live(1)
		b.state(k, captured|spoken|answered|expected|clientRST)
	})
}

func TestSYNWithoutSlots(t *testing.T) {
	s := specified()
	s.Slots = 0
	inFamilies(t, s, func(b bench, k talk) {
		b.fromClient(k.up(syn), marks.Full)
		b.live(0)
		b.remembered(0)
	})
}

// The map is larger than the slots, but may be full of flows that are over.
func TestSYNFindsNoRoom(t *testing.T) {
	s := specified()
	spec, err := described(s)
	must(t, err)
	spec.Maps[mapFlows].MaxEntries = 1
	for name, k := range talks {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, s)
			b.loaded.Close()
			b.loaded, err = ebpf.NewCollection(spec)
			must(t, err)
			b.fromClient(k.up(syn), marks.Asked)
			b.fromClient(k.from(40001).up(syn), marks.Full)
			b.live(1)
			b.remembered(1)
		})
	}
}

func TestOnlySYNsBegin(t *testing.T) {
	inFamilies(t, specified(), func(b bench, k talk) {
		for _, flags := range []byte{0, ack, syn | ack, syn | fin, syn | rst, fin, rst, fin | ack, psh | ack} {
			b.fromClient(k.up(flags), 0)
			b.fromServer(k.down(flags), 0)
		}
		b.fromServer(k.down(syn), 0)
		b.fromServer(k.up(syn), 0)
		b.live(0)
		b.remembered(0)
	})
}

func TestPortsAreThoseOfServers(t *testing.T) {
	s := specified()
	s.Ports = []uint16{1, 63, 64, 8080, 65535}
	b := newBench(t, s)
	for _, k := range talks {
		live, err := b.Live()
		must(t, err)
		for _, port := range s.Ports {
			b.fromClient(k.to(port).up(syn), marks.Asked)
			live++
			b.live(live)
		}
		for _, port := range []uint16{0, 2, 62, 65, 80, 8079, 8081, 65534} {
			b.fromClient(k.to(port).up(syn), 0)
			b.fromClient(k.to(port).from(8080).up(syn), 0)
		}
		b.live(live)
	}
}

func TestFlowsDifferInEachPartOfTheTuple(t *testing.T) {
	s := specified()
	s.Ports = []uint16{80, 81}
	b := newBench(t, s)
	four, six := talks["IPv4"], talks["IPv6"]
	others := []talk{
		four.from(40001), four.to(81),
		{netip.MustParseAddrPort("10.0.0.2:40000"), four.server},
		{four.client, netip.MustParseAddrPort("192.0.2.8:80")},
		{netip.MustParseAddrPort("[2001:db8::2]:40000"), six.server},
		{six.client, netip.MustParseAddrPort("[2001:db8:9::8]:80")},
	}
	for _, k := range others {
		b.open(k)
	}
	b.live(6)
	b.remembered(6)
	for _, k := range []talk{four, six} {
		b.fromClient(k.up(ack), 0)
		b.fromServer(k.down(ack), 0)
		b.open(k)
	}
	b.live(8)
}

func TestClientIsCapturedOnceAnswered(t *testing.T) {
	inFamilies(t, specified(), func(b bench, k talk) {
		b.fromClient(k.up(ack), 0)
		b.fromClient(k.up(syn), marks.Asked)
		b.fromClient(k.up(ack), 0)
		b.fromClient(k.up(rst), 0)
		b.live(1)
		b.state(k, slot)
		b.toClient(k.down(syn|ack), clientMACs.answer())
		b.state(k, slot|captured)
		b.fromClient(k.up(ack), marks.FromClient)
		b.state(k, slot|captured|spoken)
		b.fromClient(k.from(40001).up(ack), 0)
	})
}

func TestServerIsCapturedOnceTheClientAsked(t *testing.T) {
	inFamilies(t, specified(), func(b bench, k talk) {
		b.fromServer(k.down(syn|ack), 0)
		b.remembered(0)
		b.fromClient(k.up(syn), marks.Asked)
		b.fromServer(k.down(syn|ack), 0)
		b.state(k, slot)
		b.toServer(k.up(syn), clientMACs)
		b.fromServer(k.down(syn|ack), marks.FromServer)
		b.state(k, slot|answered|expected)
		b.fromServer(k.from(40001).down(ack), 0)
	})
}

func TestBothEndsAreHeard(t *testing.T) {
	inFamilies(t, specified(), func(b bench, k talk) {
		b.meet(k)
		says := map[string]func(){
			"the client": func() { b.fromClient(k.up(ack), marks.FromClient) },
			"the server": func() { b.fromServer(k.down(ack), marks.FromServer) },
		}
		for who, say := range says {
			f := *b.known(k)
			f.Heard = clock(b.t, 9*time.Second)
			b.put(k, f)
			b.toClient(k.down(ack), serverMACs)
			b.toServer(k.up(ack), clientMACs)
			if got := b.known(k).Heard; got != f.Heard {
				b.t.Errorf("the box heard itself: %d, not %d", got, f.Heard)
			}
			if say(); b.known(k).Heard < clock(b.t, 5*time.Second) {
				b.t.Errorf("%s was not heard", who)
			}
		}
	})
}

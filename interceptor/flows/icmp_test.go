package flows

import "testing"

// at says where things are in an ICMP error, behind the Ethernet header.
type at struct{ kind, ip, protocol, ports int }

var layouts = map[string]at{
	"IPv4": {20, 28, 28 + 9, 48},
	"IPv6": {40, 48, 48 + 6, 88},
}

func TestErrorsAboutOurSegmentsAreCaptured(t *testing.T) {
	inFamilies(t, specified(), func(b bench, k talk) {
		b.fromClient(k.toldByClient(), 0)
		b.fromServer(k.toldByServer(), 0)
		b.remembered(0)
		b.fromClient(k.up(syn), marks.Asked)
		b.fromClient(k.toldByClient(), 0)
		b.fromServer(k.toldByServer(), 0)
		b.toServer(k.up(syn), clientMACs)
		b.fromServer(k.toldByServer(), marks.FromServer)
		b.toClient(k.down(syn|ack), clientMACs.answer())
		before := *b.known(k)
		b.fromClient(k.toldByClient(), marks.FromClient)
		b.fromServer(k.toldByServer(), marks.FromServer)
		// Whoever speaks there is neither end.
		if after := *b.known(k); after != before {
			b.t.Errorf("errors changed what is known:\n%+v\nwas %+v", after, before)
		}
	})
}

func TestErrorsOfEachKind(t *testing.T) {
	kinds := map[string]map[byte]bool{
		"IPv4": {0: false, 3: true, 4: false, 5: false, 8: false, 11: false, 12: false},
		"IPv6": {0: false, 1: true, 2: true, 3: false, 4: false, 128: false, 135: false},
	}
	for name, k := range talks {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, specified())
			b.meet(k)
			for kind, taken := range kinds[name] {
				up, down := uint32(0), uint32(0)
				if taken {
					up, down = marks.FromClient, marks.FromServer
				}
				b.fromClient(set(k.toldByClient(), layouts[name].kind, kind), up)
				b.fromServer(set(k.toldByServer(), layouts[name].kind, kind), down)
			}
		})
	}
}

func TestErrorsThatAreMalformed(t *testing.T) {
	for name, k := range talks {
		l := layouts[name]
		both := changed{
			"quotes UDP":           func(f []byte) []byte { return set(f, l.protocol, udp) },
			"quotes half a port":   func(f []byte) []byte { return f[:14+l.ports+3] },
			"quotes no ports":      func(f []byte) []byte { return f[:14+l.ports] },
			"quotes nothing":       func(f []byte) []byte { return f[:14+l.ip] },
			"has no type":          func(f []byte) []byte { return f[:14+l.kind] },
			"quotes other ports":   func(f []byte) []byte { return set(f, l.ports, 0, 81, 0, 81) },
			"quotes another flow":  func(f []byte) []byte { return set(f, l.ports-1, 77) },
			"is for the box":       toBox,
			"has another protocol": func(f []byte) []byte { return set(f, map[string]int{"IPv4": 9, "IPv6": 6}[name], udp) },
		}
		if name == "IPv4" {
			both["quotes version 6"] = func(f []byte) []byte { return set(f, l.ip, 0x65) }
			both["quotes options"] = func(f []byte) []byte { return set(f, l.ip, 0x46) }
			both["is a fragment"] = func(f []byte) []byte { return set(f, 6, 0x20) }
		}
		t.Run(name, func(t *testing.T) {
			both.run(t, k, func(b bench, change func([]byte) []byte) {
				b.fromClient(k.toldByClient(), marks.FromClient)
				b.fromServer(k.toldByServer(), marks.FromServer)
				b.untouched(change(k.toldByClient()))
				b.untouched(change(k.toldByServer()))
				b.state(k, slot|captured|spoken|answered|expected)
			})
		})
	}
}

// What an error quotes is of its own family, whatever flows of the other are known.
func TestErrorsInTheOtherFamily(t *testing.T) {
	b := newBench(t, specified())
	four, six := talks["IPv4"], talks["IPv6"]
	b.meet(four)
	b.meet(six)
	in6 := packet(six.client.Addr(), six.server.Addr(), icmp4, four.quoted(four.server, four.client)[20:])
	in4 := packet(four.client.Addr(), four.server.Addr(), icmp6, six.quoted(six.server, six.client)[40:])
	b.untouched(frame(clientMACs, in6))
	b.untouched(frame(clientMACs, in4))
}

// An end is told of what it sent itself: the error is the other end's business.
func TestErrorsThatGoTheWrongWay(t *testing.T) {
	inFamilies(t, specified(), func(b bench, k talk) {
		b.meet(k)
		b.fromClient(k.toldByServer(), 0)
		b.fromServer(k.toldByClient(), 0)
	})
}

func TestErrorsAsShortAsReads(t *testing.T) {
	for name, k := range talks {
		b := newBench(t, specified())
		b.meet(k)
		b.fromClient(k.toldByClient()[:14+layouts[name].ports+4], marks.FromClient)
		b.fromServer(k.toldByServer()[:14+layouts[name].ports+4], marks.FromServer)
	}
	k := talks["IPv4"]
	b := newBench(t, specified())
	b.meet(k)
	b.fromClient(longHeader(k.toldByClient(), 3), marks.FromClient) // a router may record its route
}

// Errors that the box makes itself speak in its own name, and have no business at either end.
func TestErrorsOfOursStay(t *testing.T) {
	inFamilies(t, specified(), func(b bench, k talk) {
		b.meet(k)
		b.dropped("to_client", marks.ToClient, k.toldByServer())
		b.dropped("to_server", marks.ToServer, k.toldByClient())
		b.live(1)
	})
}

package flows

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func TestApplyAttachesFourPrograms(t *testing.T) {
	s := box(t)
	b := opened(t)
	wantNothingAttached(t)
	if b.apply(s) {
		t.Error("flows were cut before there were any")
	}
	wantAttached(t, "eth0", "eth1")
}

func TestEqualSpecChangesNothing(t *testing.T) {
	s := box(t)
	b := opened(t)
	b.apply(s)
	b.meet(talks["IPv4"])
	before, descriptors := attachedIn(t), held(t)
	same := s
	same.Ports, same.VLANs = []uint16{80}, []uint16{0}
	if b.apply(same) {
		t.Error("flows were cut")
	}
	if after := attachedIn(t); !maps.Equal(after, before) {
		t.Errorf("attached are %v, were %v", after, before)
	}
	if n := held(t); n != descriptors {
		t.Errorf("%d descriptors, had %d", n, descriptors)
	}
	b.live(1)
	b.fromClient(talks["IPv4"].up(ack), marks.FromClient)
}

func TestChangedSpecKeepsWhatIsRemembered(t *testing.T) {
	changes := map[string]func(*Spec){
		"ports":    func(s *Spec) { s.Ports = []uint16{80, 81} },
		"timeouts": func(s *Spec) { s.FlowTimeout *= 2 },
		"VLANs":    func(s *Spec) { s.VLANs = []uint16{0, 5} },
		"the MAC":  func(s *Spec) { s.BridgeMAC[5]++ },
		"places":   func(s *Spec) { s.LAN, s.WAN = s.WAN, s.LAN },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			s := box(t)
			b := opened(t)
			b.apply(s)
			four, six := talks["IPv4"], talks["IPv6"]
			b.meet(four)
			b.meet(six)
			before, descriptors := attachedIn(t), held(t)
			change(&s)
			if b.apply(s) {
				t.Error("flows were cut")
			}
			wantAttached(t, s.LAN, s.WAN)
			for place, id := range attachedIn(t) {
				if before[place] == id {
					t.Errorf("%s is the program of before", place)
				}
			}
			if n := held(t); n != descriptors {
				t.Errorf("%d descriptors, had %d", n, descriptors)
			}
			b.live(2)
			for _, k := range talks {
				b.fromClient(k.up(ack), marks.FromClient)
				b.toClient(k.down(ack), serverMACs)
			}
			b.fromClient(six.up(syn), marks.Asked)
			b.live(2)
			b.fromClient(four.up(rst), marks.FromClient)
			b.live(1)
		})
	}
}

func TestChangedPortsAreCaptured(t *testing.T) {
	s := box(t)
	b := opened(t)
	b.apply(s)
	k := talks["IPv4"].to(81)
	b.fromClient(k.up(syn), 0)
	s.Ports = []uint16{80, 81}
	b.apply(s)
	b.fromClient(k.up(syn), marks.Asked)
}

func TestChangedSlotsCut(t *testing.T) {
	s := box(t)
	b := opened(t)
	b.apply(s)
	k := talks["IPv4"]
	b.meet(k)
	descriptors := held(t)
	for _, slots := range []uint32{2, 1} {
		s.Slots = slots
		if !b.apply(s) {
			t.Error("nothing is said of flows that were cut")
		}
		wantAttached(t, "eth0", "eth1")
		b.live(0)
		b.remembered(0)
		b.fromClient(k.up(ack), 0)
		for i := range uint16(3) {
			want := marks.Asked
			if uint32(i) >= slots {
				want = marks.Full
			}
			b.fromClient(k.from(i).up(syn), want)
		}
		b.live(uint64(slots))
		if b.apply(s) {
			t.Error("flows were cut for an equal Spec")
		}
	}
	if n := held(t); n != descriptors {
		t.Errorf("%d descriptors, had %d", n, descriptors)
	}
}

func TestPortMadeAnewGetsItsProgramsBack(t *testing.T) {
	for name, same := range map[string]bool{"with the same index": true, "with another index": false} {
		t.Run(name, func(t *testing.T) {
			s := box(t)
			b := opened(t)
			b.apply(s)
			b.meet(talks["IPv4"])
			descriptors := held(t)
			for _, number := range []string{"0", "1"} {
				old := found(t, "eth"+number)
				must(t, netlink.LinkDel(old))
				if same {
					port(t, number, old.Attrs().Index)
				} else {
					port(t, number, old.Attrs().Index+100)
				}
				if n := len(attachedIn(t)); n != 2 {
					t.Fatalf("%d programs are attached, want those of the other port", n)
				}
				if b.apply(s) {
					t.Error("flows were cut")
				}
				wantAttached(t, "eth0", "eth1")
			}
			b.live(1)
			if n := held(t); n != descriptors {
				t.Errorf("%d descriptors, had %d", n, descriptors)
			}
		})
	}
}

func TestOtherPortsLoseTheirPrograms(t *testing.T) {
	s := box(t)
	port(t, "2", 0)
	b := opened(t)
	b.apply(s)
	b.meet(talks["IPv4"])
	s.WAN = "eth2"
	if b.apply(s) {
		t.Error("flows were cut")
	}
	wantAttached(t, "eth0", "eth2")
	b.live(1)
}

func TestCloseTakesEverythingAway(t *testing.T) {
	s := box(t)
	before := held(t)
	b := opened(t)
	for range 2 {
		b.apply(s)
		b.live(0)
		b.meet(talks["IPv4"])
		if held(t) == before {
			t.Fatal("no descriptor is held: this test sees nothing")
		}
		s.Ports = append(s.Ports, 81)
		b.apply(s)
		for range 2 {
			must(t, b.Close())
			wantNothingAttached(t)
			if n := held(t); n != before {
				t.Errorf("%d descriptors are left", n-before)
			}
			b.live(0)
			must(t, b.Sweep())
			links, err := b.Links()
			must(t, err)
			if len(links) != 0 {
				t.Errorf("%d links of nothing", len(links))
			}
		}
	}
}

func TestProgramsStayWithAnHeir(t *testing.T) {
	s := box(t)
	b := opened(t)
	b.apply(s)
	links, err := b.Links()
	must(t, err)
	if len(links) != 4 {
		t.Fatalf("%d links, want 4", len(links))
	}
	var heirs []int
	for _, fd := range links {
		heir, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		must(t, err)
		heirs = append(heirs, heir)
	}
	before := attachedIn(t)
	must(t, b.Close())
	if after := attachedIn(t); !maps.Equal(after, before) {
		t.Errorf("attached are %v, were %v", after, before)
	}
	for _, heir := range heirs {
		must(t, unix.Close(heir))
	}
	wantNothingAttached(t)
}

func TestApplyNamesTheMissingPort(t *testing.T) {
	for name, miss := range map[string]func(*Spec){
		"LAN": func(s *Spec) { s.LAN = "eth7" },
		"WAN": func(s *Spec) { s.WAN = "eth7" },
	} {
		t.Run(name, func(t *testing.T) {
			s := box(t)
			b := opened(t)
			bad := s
			miss(&bad)
			before := held(t)
			if _, err := b.Apply(bad); err == nil || !strings.Contains(err.Error(), "eth7") {
				t.Errorf("got %v", err)
			}
			wantNothingAttached(t)
			if n := held(t); n != before {
				t.Errorf("%d descriptors are left", n-before)
			}
			b.apply(s)
			b.meet(talks["IPv4"])
			attached := attachedIn(t)
			bad.Slots *= 2
			if cut, err := b.Apply(bad); err == nil || cut {
				t.Errorf("got %v; flows were cut: %t", err, cut)
			}
			if after := attachedIn(t); !maps.Equal(after, attached) {
				t.Errorf("attached are %v, were %v", after, attached)
			}
			b.live(1)
			b.apply(s)
			wantAttached(t, "eth0", "eth1")
			b.live(1)
		})
	}
}

func TestProbeLeavesNothing(t *testing.T) {
	box(t)
	before := held(t)
	must(t, Probe())
	wantNothingAttached(t)
	if n := held(t); n != before {
		t.Errorf("%d descriptors are left", n-before)
	}
	b := opened(t)
	s := specified()
	s.FlowTimeout = time.Second
	b.apply(s)
	must(t, Probe())
	wantAttached(t, "eth0", "eth1")
}

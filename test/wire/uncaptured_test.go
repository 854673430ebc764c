package wire

import (
	"bytes"
	"fmt"
	"net"
	"testing"
	"time"

	"limpid/test/lab"
)

// frame is one that a bridge must pass as it is; each is recognised by its
// own payload.
type strayFrame struct {
	name  string
	bytes []byte
}

// unicast is the MAC of a host on the far side: towards any other, a bridge
// that has learned where the host is rightly keeps the frame.
func strayFrames(unicast string) []strayFrame {
	src := []byte{0x02, 0x77, 0, 0, 0, 0x99}
	frame := func(name, dst string, rest ...byte) strayFrame {
		mac, err := net.ParseMAC(dst)
		if err != nil {
			panic(err)
		}
		b := append(append(append([]byte{}, mac...), src...), rest...)
		b = append(b, []byte("limpid-"+name)...)
		return strayFrame{name, append(b, make([]byte, 64)...)}
	}
	return []strayFrame{
		frame("802.1X", "01:80:c2:00:00:03", 0x88, 0x8e, 1, 1),
		frame("LLDP", "01:80:c2:00:00:0e", 0x88, 0xcc),
		frame("LLDP-nearest-customer", "01:80:c2:00:00:00", 0x88, 0xcc),
		frame("BPDU", "01:80:c2:00:00:00", 0, 60, 0x42, 0x42, 3),
		frame("ARP", "ff:ff:ff:ff:ff:ff", 0x08, 0x06),
		frame("unknown-type", unicast, 0x88, 0xb5),
		frame("PPPoE-session", unicast, 0x88, 0x64),
		frame("VLAN-tagged", unicast, 0x81, 0x00, 0x00, 0x2a, 0x88, 0xb5),
		frame("QinQ", unicast, 0x88, 0xa8, 0x00, 0x2a, 0x81, 0x00, 0x00, 0x2b, 0x88, 0xb5),
		frame("MPLS", unicast, 0x88, 0x47),
		frame("jumbo-LLC", unicast, 0x00, 0x20, 0xaa, 0xaa, 3),
	}
}

func TestStrayFramesCross(t *testing.T) {
	l, p := inline(t, basic)
	// Both hosts have spoken: the bridge knows on which side each of them is.
	origin(t, l.S1)
	get(t, dial(t, l.C1, "10.77.0.101:80"), 100)
	modes := []struct {
		name  string
		enter func()
	}{
		{"inline", func() {}},
		{"bypassed", func() { bypass(t, p) }},
		{"stopped", func() { must(t, p.Stop()) }},
	}
	for _, m := range modes {
		m.enter()
		for _, way := range []struct {
			name     string
			from, to *lab.Node
			unicast  string
		}{{"to servers", l.LANSwitch, l.WANSwitch, "02:77:00:00:01:01"}, {"to clients", l.WANSwitch, l.LANSwitch, "02:77:00:00:00:11"}} {
			for _, f := range strayFrames(way.unicast) {
				t.Run(fmt.Sprintf("%s, %s, %s", m.name, way.name, f.name), func(t *testing.T) {
					seen, err := way.to.Capture("box")
					must(t, err)
					must(t, way.from.Inject("box", f.bytes))
					crossed := func(frames []lab.Frame) bool {
						for _, got := range frames {
							if bytes.Equal(got.Data, f.bytes) {
								return true
							}
						}
						return false
					}
					if err := seen.WaitFor(within(t, 5*time.Second), crossed); err != nil {
						t.Errorf("the frame did not cross as it was: %v", err)
					}
					_, err = seen.Stop()
					must(t, err)
				})
			}
		}
	}
}

func TestOtherTrafficCrosses(t *testing.T) {
	l, p := inline(t, basic)
	_, err := l.S1.Serve(":8081", (&lab.Playback{Exchanges: []lab.Exchange{{Request: []byte("ping"), Response: []byte("pong")}}}).Handle)
	must(t, err)
	before := status(t, p).Flows
	for _, m := range []string{"inline", "bypassed"} {
		if m == "bypassed" {
			bypass(t, p)
		}
		for _, target := range []string{"10.77.0.101", "fd77::101", "10.80.0.2", "fd81::2"} {
			if out, err := l.C4.Command(t.Context(), "ping", "-c", "1", "-W", "5", target).CombinedOutput(); err != nil {
				t.Errorf("%s: ping %s: %v\n%s", m, target, err, out)
			}
		}
		for _, target := range []string{"10.77.0.101:8081", "[fd77::101]:8081"} {
			conn := dial(t, l.C1, target)
			if got, err := lab.RawExchange(t.Context(), conn, []byte("ping"), lab.Bytes(4)); err != nil || string(got) != "pong" {
				t.Errorf("%s: TCP to %s: %q, %v", m, target, got, err)
			}
			must(t, conn.Close())
		}
		for _, target := range []string{"10.77.0.101:80", "[fd80::2]:80"} {
			udp(t, l, target)
		}
	}
	if after := status(t, p).Flows; after.Captured != before.Captured {
		t.Errorf("%d flows were captured, none should", after.Captured-before.Captured)
	}
}

// udp sends a datagram to a server's port 80, and back.
func udp(t *testing.T, l *lab.Lab, target string) {
	t.Helper()
	server := l.S1
	if target == "[fd80::2]:80" {
		server = l.S2
	}
	at, err := server.ListenUDP(t.Context(), "udp", target)
	must(t, err)
	defer at.Close()
	from, err := l.C2.ListenUDP(t.Context(), "udp", ":0")
	must(t, err)
	defer from.Close()
	addr, err := net.ResolveUDPAddr("udp", target)
	must(t, err)
	must(t, from.SetDeadline(time.Now().Add(5*time.Second)))
	must(t, at.SetDeadline(time.Now().Add(5*time.Second)))
	_, err = from.WriteTo([]byte("there"), addr)
	must(t, err)
	buf := make([]byte, 100)
	n, peer, err := at.ReadFrom(buf)
	if err != nil || string(buf[:n]) != "there" {
		t.Fatalf("UDP to %s: %q, %v", target, buf[:n], err)
	}
	_, err = at.WriteTo([]byte("back"), peer)
	must(t, err)
	if n, _, err := from.ReadFrom(buf); err != nil || string(buf[:n]) != "back" {
		t.Fatalf("UDP from %s: %q, %v", target, buf[:n], err)
	}
}

func TestBypassedPairIsBridged(t *testing.T) {
	l, p := inline(t, basic+`
[intercept]
bypass = [{client = "10.77.0.12", server = "10.80.0.0/16"}, {client = "10.77.0.0/24", server = "10.80.0.3"}, {server = "fd80::2"}]
`)
	for _, s := range []*lab.Node{l.S1, l.S2, l.S3} {
		origin(t, s)
	}
	for _, tt := range []struct {
		from     *lab.Node
		to       string
		captured uint64
	}{
		{l.C2, "10.80.0.2:80", 0}, {l.C2, "10.77.0.101:80", 1}, {l.C1, "10.80.0.2:80", 1},
		{l.C1, "10.80.0.3:80", 0}, {l.C4, "10.80.0.3:80", 1}, {l.C3, "[fd80::2]:80", 0}, {l.C3, "[fd77::101]:80", 1},
	} {
		before := status(t, p).Flows.Captured
		conn := dial(t, tt.from, tt.to)
		get(t, conn, 100)
		must(t, conn.Close())
		if n := status(t, p).Flows.Captured - before; n != tt.captured {
			t.Errorf("%s to %s: %d flows captured, want %d", tt.from.Name, tt.to, n, tt.captured)
		}
	}
}

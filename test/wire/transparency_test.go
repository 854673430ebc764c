package wire

import (
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"limpid/test/lab"
)

// crossing is one client reaching one server.
type crossing struct{ client, server, target string }

func crossings() []crossing {
	return []crossing{
		{"c1", "s1", "10.77.0.101:80"}, // on the subnet
		{"c2", "s2", "10.80.0.2:80"},   // by router 1
		{"c2", "s2", "10.81.0.2:80"},   // by router 2
		{"c4", "s1", "10.77.0.101:80"}, // from behind the client-side router
		{"c4", "s2", "10.81.0.2:80"},
		{"c1", "s1", "[fd77::101]:80"},
		{"c4", "s2", "[fd80::2]:80"},
	}
}

// exchange makes one connection and request and returns what crossed on each
// side of the box, and the client's own idea of its address.
func exchange(t *testing.T, l *lab.Lab, c crossing, port string) (lan, wan []lab.Frame) {
	t.Helper()
	onLAN, err := l.LANSwitch.Capture("box", lab.TCP(80))
	must(t, err)
	onWAN, err := l.WANSwitch.Capture("box", lab.TCP(80))
	must(t, err)
	client := l.Node(c.client)
	from := client.IP4()
	if netip.MustParseAddrPort(c.target).Addr().Is6() {
		from = client.IP6()
	}
	conn, err := client.Dial(t.Context(), "tcp", net.JoinHostPort(from.String(), port), c.target)
	must(t, err)
	get(t, conn, 100_000)
	// A reset ends both legs at once and leaves no TIME-WAIT, so that the
	// same port can be used in each mode.
	must(t, conn.SetLinger(0))
	must(t, conn.Close())
	ended := func(frames []lab.Frame) bool {
		return slices.ContainsFunc(frames, func(f lab.Frame) bool { return strings.Contains(f.Flags.String(), "RST") })
	}
	must(t, onLAN.WaitFor(t.Context(), ended))
	must(t, onWAN.WaitFor(t.Context(), ended))
	lan, err = onLAN.Stop()
	must(t, err)
	wan, err = onWAN.Stop()
	must(t, err)
	return lan, wan
}

func TestBothEndsSeeTheSameInlineAndBypassed(t *testing.T) {
	l, p := inline(t, basic)
	origins := map[string]*lab.Origin{"s1": origin(t, l.S1), "s2": origin(t, l.S2)}
	for i, c := range crossings() {
		name := c.client + " to " + c.target
		t.Run(name, func(t *testing.T) {
			// The fields under test must be equal across modes, so the port is too.
			port := []string{"40001", "40002", "40003", "40004", "40005", "40006", "40007"}[i]
			before := status(t, p).Flows.Captured
			lanIn, wanIn := exchange(t, l, c, port)
			if after := status(t, p).Flows.Captured; after != before+1 {
				t.Errorf("captured %d flows, want 1: this compared a wire with a wire", after-before)
			}
			bypass(t, p)
			lanBy, wanBy := exchange(t, l, c, port)
			unbypass(t, p)
			for what, pair := range map[string][2][]lab.Frame{
				"at the client, inline and bypassed": {lanIn, lanBy},
				"at the server, inline and bypassed": {wanIn, wanBy},
				"inline, at client and server":       {lanIn, wanIn},
			} {
				if diff := lab.Diff(lab.Tuples(pair[0]), lab.Tuples(pair[1])); diff != "" {
					t.Errorf("%s:\n%s", what, diff)
				}
			}
			accepted := origins[c.server].Accepted()
			for _, a := range accepted[len(accepted)-2:] {
				if want := l.Node(c.client); (a.Client.Addr() != want.IP4() && a.Client.Addr() != want.IP6()) || a.Client.Port() != portNumber(port) {
					t.Errorf("the server accepted %v, want %s with port %s", a.Client, c.client, port)
				}
			}
			t.Logf("IP headers at the server, inline: %v", slices.Collect(maps.Keys(lab.Headers(wanIn))))
		})
	}
	t.Run("the bridge has no address", func(t *testing.T) {
		out, err := l.Box.Command(t.Context(), "ip", "-o", "addr", "show").Output()
		must(t, err)
		for line := range strings.Lines(string(out)) {
			if !strings.Contains(line, ": lo ") {
				t.Errorf("the box has %s", line)
			}
		}
	})
}

func portNumber(s string) uint16 {
	var n uint16
	for _, c := range s {
		n = n*10 + uint16(c-'0')
	}
	return n
}

// TestRepliesThatTakeAnotherWay is the case of two routers of which one takes
// the requests and the other brings the answers.
func TestRepliesThatTakeAnotherWay(t *testing.T) {
	l, p := inline(t, basic)
	origin(t, l.S2)
	undo, err := l.SplitReturn()
	must(t, err)
	t.Cleanup(func() { must(t, undo()) })
	c := crossing{"c1", "s2", "10.81.0.2:80"}
	lanIn, wanIn := exchange(t, l, c, "40010")
	bypass(t, p)
	lanBy, wanBy := exchange(t, l, c, "40010")
	if diff := lab.Diff(lab.Tuples(wanIn), lab.Tuples(wanBy)); diff != "" {
		t.Errorf("at the server:\n%s", diff)
	}
	want, got := lab.Tuples(lanBy), lab.Tuples(lanIn)
	if status(t, p).Handshake == "accept" {
		// The SYN-ACK leaves before the server's is seen (docs/transparency.md):
		// only what follows it must be right.
		got = lab.Tuples(slices.DeleteFunc(lanIn, func(f lab.Frame) bool { return f.Toward == lab.ToClients && len(f.Payload) == 0 }))
		want = lab.Tuples(slices.DeleteFunc(lanBy, func(f lab.Frame) bool { return f.Toward == lab.ToClients && len(f.Payload) == 0 }))
	}
	if diff := lab.Diff(got, want); diff != "" {
		t.Errorf("at the client, inline and bypassed:\n%s", diff)
	}
}

package lab

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// One lab serves all: each closes what it opened.
func TestReach(t *testing.T) {
	l := plain(t)
	t.Run("every client, every server", func(t *testing.T) { testEveryClientReachesEveryServer(t, l) })
	t.Run("refusals", func(t *testing.T) { testRefusals(t, l) })
	t.Run("refusal by ICMPv6", func(t *testing.T) { testRefusalByICMPv6(t, l) })
	t.Run("many client addresses", func(t *testing.T) { testManyClientAddresses(t, l) })
	t.Run("split return", func(t *testing.T) { testSplitReturn(t, l) })
}

// clientSeen asks an origin which client it sees.
func clientSeen(t *testing.T, from *Node, server string) netip.AddrPort {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	conn, err := from.Dial(ctx, "tcp", "", server)
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(5*time.Second)))
	if _, err := io.WriteString(conn, "GET /client HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	seen, err := netip.ParseAddrPort(string(body))
	must(t, err)
	if local := endpoint(conn.LocalAddr()); local.Port() != seen.Port() {
		t.Errorf("server saw port %d, client used %d", seen.Port(), local.Port())
	}
	return netip.AddrPortFrom(seen.Addr().Unmap(), seen.Port())
}

func testEveryClientReachesEveryServer(t *testing.T, l *Lab) {
	for _, s := range []*Node{l.S1, l.S2, l.S3} {
		o, err := s.HTTPOrigin(":80")
		must(t, err)
		defer o.Close()
	}
	for _, c := range []*Node{l.C1, l.C2, l.C3, l.CR, l.C4} {
		for _, server := range []string{"10.77.0.101", "10.80.0.2", "10.80.0.3", "10.81.0.2"} {
			if got := clientSeen(t, c, net.JoinHostPort(server, "80")).Addr(); got != c.IP4() {
				t.Errorf("%s to %s: server saw %s, want %s", c.Name, server, got, c.IP4())
			}
		}
		for _, server := range []string{"fd77::101", "fd80::2", "fd80::3", "fd81::2"} {
			if got := clientSeen(t, c, net.JoinHostPort(server, "80")).Addr(); got != c.IP6() {
				t.Errorf("%s to %s: server saw %s, want %s", c.Name, server, got, c.IP6())
			}
		}
	}
	for _, target := range []string{"10.81.0.2", "fd81::2"} {
		if out, err := l.C4.Command(t.Context(), "ping", "-c", "1", "-W", "5", target).CombinedOutput(); err != nil {
			t.Errorf("ping %s from c4: %v\n%s", target, err, out)
		}
	}
}

func TestNoWireWithoutABridge(t *testing.T) {
	l := New(t)
	o, err := l.S1.HTTPOrigin(":80")
	must(t, err)
	defer o.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if conn, err := l.C1.Dial(ctx, "tcp", "", "10.77.0.101:80"); err == nil {
		conn.Close()
		t.Error("c1 reached s1 though the box joins nothing")
	}
	remove, err := l.PlainBridge()
	must(t, err)
	// From c2: c1 may still wait for the answer to an ARP request of before.
	clientSeen(t, l.C2, "10.77.0.101:80")
	must(t, remove())
	for key, want := range map[string]string{"ipv6/conf/eth0/disable_ipv6": "0", "ipv6/conf/default/disable_ipv6": "0"} {
		got, err := l.Box.Sysctl(key)
		must(t, err)
		if got != want {
			t.Errorf("%s is %s after the plain bridge, want %s as before", key, got, want)
		}
	}
	if _, err := l.PlainBridge(); err != nil {
		t.Errorf("build the plain bridge again: %v", err)
	}
}

func testRefusals(t *testing.T, l *Lab) {
	for _, c := range []struct {
		name, target string
		want         error // nil: no answer
	}{
		{"closed port", "10.77.0.101:81", unix.ECONNREFUSED},
		{"closed port, IPv6", "[fd80::2]:81", unix.ECONNREFUSED},
		{"no host", "10.80.255.7:80", unix.EHOSTUNREACH},
		{"silence", "10.80.254.7:80", nil},
		{"silence, IPv6", "[fd80:fe::7]:80", nil},
	} {
		timeout := 5 * time.Second
		if c.want == nil {
			timeout = 200 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		_, err := l.C1.Dial(ctx, "tcp", "", c.target)
		cancel()
		if c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: dial %s: %v, want %v", c.name, c.target, err, c.want)
		}
		if timeout, ok := errors.AsType[net.Error](err); c.want == nil && (!ok || !timeout.Timeout()) {
			t.Errorf("%s: dial %s: %v, want no answer at all", c.name, c.target, err)
		}
	}
}

func testRefusalByICMPv6(t *testing.T, l *Lab) {
	capture, err := l.C1.Capture("eth0", ICMP())
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	// The kernel may keep the first error to itself (tcp_v6_err while connect
	// holds the socket), so what counts is what came.
	dialled := make(chan struct{})
	go func() {
		defer close(dialled)
		if conn, err := l.C1.Dial(ctx, "tcp", "", "[fd80:ff::7]:80"); err == nil {
			conn.Close()
		}
	}()
	must(t, capture.WaitFor(ctx, func(frames []Frame) bool { return len(frames) > 0 }))
	cancel()
	<-dialled
	f := capture.Frames()[0]
	if f.ICMPType != 1 || f.ICMPCode != 0 || f.SrcMAC != macOf(77, 1) || f.Toward != ToClients {
		t.Errorf("got %s (type %d code %d), want destination unreachable, no route, from r1", f, f.ICMPType, f.ICMPCode)
	}
}

func testManyClientAddresses(t *testing.T, l *Lab) {
	var origins []*Origin
	for _, s := range []*Node{l.S1, l.S2} {
		o, err := s.HTTPOrigin(":80")
		must(t, err)
		defer o.Close()
		origins = append(origins, o)
	}
	many4, many6 := l.ClientAddrs(3000), l.ClientAddrs6(3000)
	if len(many4) != 3000 || len(many6) != 3000 {
		t.Fatalf("got %d and %d addresses, want 3000 each", len(many4), len(many6))
	}
	dial := func(from netip.Addr, to string) netip.AddrPort {
		conn, err := l.C1.Dial(t.Context(), "tcp", from.String(), to)
		must(t, err)
		defer conn.Close()
		_, err = Get("/bytes/10")(t.Context(), conn)
		must(t, err)
		return endpoint(conn.LocalAddr())
	}
	// More than the neighbour table would hold on the subnet itself.
	want := map[netip.AddrPort]bool{}
	for _, a := range many4[:1100] {
		want[dial(a, "10.77.0.101:80")] = true
	}
	want[dial(many4[2999], "10.77.0.101:80")] = true
	want[dial(many6[2999], "[fd80::2]:80")] = true
	for _, o := range origins {
		for _, a := range o.Accepted() {
			if !want[a.Client] {
				t.Errorf("server saw %s, which no client had", a.Client)
			}
			delete(want, a.Client)
		}
	}
	if len(want) > 0 {
		t.Errorf("%d clients were not seen by any server", len(want))
	}
}

func testSplitReturn(t *testing.T, l *Lab) {
	o, err := l.S2.HTTPOrigin(":80")
	must(t, err)
	defer o.Close()
	// macs gives the addresses of routers that spoke for 10.81.0.2.
	macs := func() (to, from map[MAC]bool) {
		capture, err := l.WANSwitch.Capture("box", TCP(80))
		must(t, err)
		clientSeen(t, l.C1, "10.81.0.2:80")
		frames, err := capture.Stop()
		must(t, err)
		to, from = map[MAC]bool{}, map[MAC]bool{}
		for _, f := range frames {
			if f.Toward == ToServers {
				to[f.DstMAC] = true
			} else {
				from[f.SrcMAC] = true
			}
		}
		return to, from
	}
	r1, r2 := macOf(77, 1), macOf(77, 2)
	check := func(when string, wantFrom MAC) {
		to, from := macs()
		if len(to) != 1 || !to[r2] || len(from) != 1 || !from[wantFrom] {
			t.Errorf("%s: frames went to %v and came from %v, want %s and %s", when, to, from, r2, wantFrom)
		}
	}
	check("before", r2)
	undo, err := l.SplitReturn()
	must(t, err)
	check("split", r1)
	must(t, undo())
	check("undone", r2)
}

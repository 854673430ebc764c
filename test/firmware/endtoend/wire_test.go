package endtoend

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"limpid/appliance/control"
	"limpid/test/firmware"
	"limpid/test/lab"
)

// seen captures at both ends of the wire.
type seen struct{ lan, wan *lab.Capture }

func look(t *testing.T, b *firmware.Box, filters ...lab.Filter) seen {
	t.Helper()
	lan, err := b.Lab.LANSwitch.Capture("box", filters...)
	if err != nil {
		t.Fatal(err)
	}
	wan, err := b.Lab.WANSwitch.Capture("box", filters...)
	if err != nil {
		t.Fatal(err)
	}
	return seen{lan, wan}
}

// frames waits until enough has been seen at both ends, and gives it. What must not differ must not differ.
func (s seen) frames(t *testing.T, enough func([]lab.Frame) bool) (lan, wan []lab.Frame) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, c := range []*lab.Capture{s.lan, s.wan} {
		if err := c.WaitFor(ctx, enough); err != nil {
			t.Fatal(err)
		}
	}
	lan, err := s.lan.Stop()
	if err != nil {
		t.Fatal(err)
	}
	if wan, err = s.wan.Stop(); err != nil {
		t.Fatal(err)
	}
	if diff := lab.Diff(lab.Tuples(lan), lab.Tuples(wan)); diff != "" {
		t.Errorf("the clients' side (first) and the servers' differ:\n%s", diff)
	}
	return lan, wan
}

// bothWays is enough for an exchange of packets.
func bothWays(frames []lab.Frame) bool {
	return len(lab.Select(frames, lab.Toward(lab.ToServers))) > 0 && len(lab.Select(frames, lab.Toward(lab.ToClients))) > 0
}

// allEnded is enough for TCP connections.
func allEnded(frames []lab.Frame) bool { return len(frames) > 0 && lab.AllEnded(frames) }

// serverSequence is the number at which the server began to count, as this side was told.
func serverSequence(t *testing.T, frames []lab.Frame) uint32 {
	t.Helper()
	answers := lab.Select(frames, lab.WithFlags(lab.SYN|lab.ACK))
	if len(answers) == 0 {
		t.Fatal("no SYN-ACK was seen")
	}
	return answers[0].Seq
}

// status asks the box, which must answer.
func status(t *testing.T, b *firmware.Box) control.Status {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := b.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// dial connects from a node.
func dial(t *testing.T, from *lab.Node, server string) *net.TCPConn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := from.Dial(ctx, "tcp", "", server)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// local is a connection's own end.
func local(c *net.TCPConn) netip.AddrPort {
	addr := c.LocalAddr().(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
}

// captured makes requests from a client on the subnet and from one behind a router, over IPv4 and IPv6: limpid carries
// each, and both ends see each other.
func captured(t *testing.T, b *firmware.Box) {
	l := b.Lab
	for _, c := range []struct {
		from, to *lab.Node
		server   string
	}{
		{l.C1, l.S1, "10.77.0.101:80"}, {l.C4, l.S2, "10.80.0.2:80"}, {l.C2, l.S1, "[fd77::101]:80"}, {l.C4, l.S3, "[fd80::3]:80"},
	} {
		t.Run(c.from.Name+" to "+c.server, func(t *testing.T) {
			// On a machine that is busy with something else a health check may be late, and limpid be a wire for a moment.
			for range 10 {
				if request(t, b, c.from, c.to, c.server) {
					return
				}
				t.Log("limpid was not inline all the time: once more")
			}
			t.Error("limpid does not stay inline")
		})
	}
}

// request makes one, and looks at it from both ends. It says whether limpid was inline all the time: otherwise it says
// nothing about whether the request was carried by it.
func request(t *testing.T, b *firmware.Box, from, to *lab.Node, address string) bool {
	t.Helper()
	origin, err := to.HTTPOrigin(":80")
	if err != nil {
		t.Fatal(err)
	}
	defer origin.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	before, err := b.WaitStatus(ctx, "mode inline", func(s control.Status) bool { return s.Mode == control.Inline })
	if err != nil {
		t.Fatal(err)
	}
	s := look(t, b, lab.TCP(80))
	conn := dial(t, from, address)
	const size = 300_000
	// Every byte is compared with what the origin sends.
	if n, err := lab.Get(fmt.Sprintf("/bytes/%d", size))(t.Context(), conn); err != nil || n != size {
		t.Fatalf("%d bytes, want %d: %v", n, size, err)
	}
	client := local(conn)
	conn.Close()
	lan, wan := s.frames(t, allEnded)
	server := netip.MustParseAddrPort(address)
	if got := origin.Accepted(); len(got) != 1 || got[0].Client != client || got[0].Server != server {
		t.Errorf("the server has accepted %v; the client is %v and asked for %v", got, client, server)
	}
	for _, f := range append(append([]lab.Frame{}, lan...), wan...) {
		src, dst := netip.AddrPortFrom(f.Src, f.SrcPort), netip.AddrPortFrom(f.Dst, f.DstPort)
		if f.Toward == lab.ToClients {
			src, dst = dst, src
		}
		if src != client || dst != server {
			t.Errorf("on the wire, between %v and %v: %v", client, server, f)
		}
	}
	after := status(t, b)
	if after.Mode != control.Inline || !after.Since.Equal(before.Since) {
		return false
	}
	if serverSequence(t, lan) == serverSequence(t, wan) {
		t.Error("the server's sequence numbers are the same on both sides: this was bridged")
	}
	if n, r := after.Flows.Captured-before.Flows.Captured, after.Requests-before.Requests; n != 1 || r != 1 {
		t.Errorf("limpid counted %d connections and %d requests, want one of each", n, r)
	}
	return true
}

// bridged sends what is no HTTP: it crosses as it is, and limpid has no part in it.
func bridged(t *testing.T, b *firmware.Box) {
	l := b.Lab
	before := status(t, b)
	for _, server := range []string{"10.80.0.3:22", "[fd80::3]:22"} {
		t.Run("TCP to "+server, func(t *testing.T) { speaksFirst(t, b, server) })
	}
	for _, server := range []string{"10.77.0.101:53", "[fd77::101]:53"} {
		t.Run("UDP to "+server, func(t *testing.T) { datagrams(t, b, server) })
	}
	for _, c := range []struct {
		name   string
		filter lab.Filter
		from   *lab.Node
		args   []string
	}{
		{"ICMP", lab.ICMP(), l.C4, []string{"ping", "-c", "3", "-W", "60", "10.80.0.2"}},
		{"ICMPv6", lab.ICMP(), l.C4, []string{"ping", "-c", "3", "-W", "60", "fd80::2"}},
		{"large ICMP", lab.ICMP(), l.C1, []string{"ping", "-c", "2", "-W", "60", "-s", "1472", "-M", "do", "10.77.0.101"}},
		{"ARP", lab.EtherType(0x0806), l.C1, []string{"arping", "-c", "3", "-w", "60", "-I", "eth0", "10.77.0.101"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := look(t, b, c.filter)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if out, err := c.from.Command(ctx, c.args[0], c.args[1:]...).CombinedOutput(); err != nil {
				t.Errorf("%v: %v\n%s", c.args, err, out)
			}
			s.frames(t, bothWays)
		})
	}
	if after := status(t, b); after.Flows.Captured != before.Flows.Captured {
		t.Errorf("%d connections were captured meanwhile", after.Flows.Captured-before.Flows.Captured)
	}
}

// speaksFirst connects to a server that does, as those of SSH do, and asks it for more.
func speaksFirst(t *testing.T, b *firmware.Box, server string) {
	const banner, size = "SSH-2.0-lab\r\n", 200_000
	body := lab.Content(size)
	s3, err := b.Lab.S3.Serve(":22", func(_ context.Context, conn *net.TCPConn) {
		defer conn.Close()
		if _, err := io.WriteString(conn, banner); err != nil {
			return
		}
		ask := make([]byte, 4)
		if _, err := io.ReadFull(conn, ask); err != nil {
			return
		}
		_, _ = io.Copy(conn, body.Reader())
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s3.Close()
	s := look(t, b, lab.TCP(22))
	conn := dial(t, b.Lab.C1, server)
	defer conn.Close()
	got := make([]byte, len(banner))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != banner {
		t.Fatalf("the banner is %q: %v", got, err)
	}
	if _, err := io.WriteString(conn, "more"); err != nil {
		t.Fatal(err)
	}
	if n, err := body.Verify(conn); err != nil || n != size {
		t.Errorf("%d bytes, want %d: %v", n, size, err)
	}
	client := local(conn)
	conn.Close()
	lan, wan := s.frames(t, allEnded)
	if accepted := s3.Accepted(); len(accepted) != 1 || accepted[0].Client != client {
		t.Errorf("the server has accepted %v; the client is %v", accepted, client)
	}
	if here, there := serverSequence(t, lan), serverSequence(t, wan); here != there {
		t.Errorf("the server's sequence numbers begin at %d and at %d: this was not bridged", here, there)
	}
}

// datagrams sends one there and one back.
func datagrams(t *testing.T, b *firmware.Box, server string) {
	s := look(t, b, lab.UDP(53))
	there, err := b.Lab.S1.ListenUDP(t.Context(), "udp", ":53")
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	here, err := b.Lab.C1.ListenUDP(t.Context(), "udp", ":5353")
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	for _, c := range []*net.UDPConn{here, there} {
		if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := here.WriteToUDPAddrPort([]byte("asked"), netip.MustParseAddrPort(server)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 100)
	n, client, err := there.ReadFromUDPAddrPort(buffer)
	if err != nil || string(buffer[:n]) != "asked" || client.Port() != 5353 {
		t.Fatalf("the server got %q from %v: %v", buffer[:n], client, err)
	}
	if _, err := there.WriteToUDPAddrPort([]byte("answered"), client); err != nil {
		t.Fatal(err)
	}
	if n, _, err = here.ReadFromUDPAddrPort(buffer); err != nil || string(buffer[:n]) != "answered" {
		t.Fatalf("the client got %q: %v", buffer[:n], err)
	}
	s.frames(t, bothWays)
}

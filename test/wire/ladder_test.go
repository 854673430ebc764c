package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
	"limpid/test/lab"
)

// following is a `limpid doctor --ladder` that runs.
type following struct {
	*lab.Cmd
	out  *bytes.Buffer
	said *syncBuffer
}

// follow starts one, and returns when it hears.
func follow(t *testing.T, l *lab.Lab, p *lab.Limpid, args ...string) *following {
	t.Helper()
	f := &following{out: &bytes.Buffer{}, said: &syncBuffer{}}
	f.Cmd = l.Box.Command(t.Context(), p.Path, append([]string{"doctor", "--ladder", "--json", "--run", p.RunDir}, args...)...)
	f.Stdout, f.Stderr = f.out, f.said
	must(t, f.Start())
	eventually(t, "limpid doctor waits", func() bool { return strings.Contains(f.said.String(), "waiting") })
	return f
}

// ladder waits for what it gives; it fails exactly when something of it does.
func (f *following) ladder(t *testing.T) control.Ladder {
	t.Helper()
	err := f.Wait()
	var l control.Ladder
	if decoding := json.Unmarshal(f.out.Bytes(), &l); decoding != nil {
		t.Fatalf("limpid doctor --ladder: %v, %v: %s", err, decoding, f.said)
	}
	if exit := new(exec.ExitError); (l.Verdict == control.HealthFail) != errors.As(err, &exit) {
		t.Errorf("the worst is %q, and the command ends with %v", l.Verdict, err)
	}
	return l
}

// steps are what was found, in lines.
func steps(l control.Ladder) string {
	var b strings.Builder
	for _, s := range l.Findings {
		fmt.Fprintf(&b, "%s %s\n", s.Verdict, s.Text)
	}
	for _, r := range l.Rungs {
		fmt.Fprintf(&b, "%6d %s to %s lost %v: %s at %d places\n", r.After, r.From, r.To, r.Lost, r.Label(), len(r.Seen))
	}
	return b.String()
}

// rung finds the first arrow of a kind.
func rung(t *testing.T, l control.Ladder, from, to control.End, is func(control.Rung) bool) control.Rung {
	t.Helper()
	i := slices.IndexFunc(l.Rungs, func(r control.Rung) bool { return r.From == from && r.To == to && !r.Lost && is(r) })
	if i < 0 {
		t.Fatalf("nothing like that goes from %s to %s:\n%s", from, to, steps(l))
	}
	return l.Rungs[i]
}

func flagged(flags string) func(control.Rung) bool {
	return func(r control.Rung) bool { return r.Flags == flags }
}

func begins(head string) func(control.Rung) bool {
	return func(r control.Rung) bool { return strings.HasPrefix(r.Head, head) }
}

// TestDoctorLadder follows a connection, and holds each frame, at each of the three
// places, to what both ends know of it.
func TestDoctorLadder(t *testing.T) {
	for name, target := range map[string]func(*lab.Lab) (server *lab.Node, at string){
		"IPv4": func(l *lab.Lab) (*lab.Node, string) { return l.S1, "10.77.0.101:80" },
		"IPv6": func(l *lab.Lab) (*lab.Node, string) { return l.S1, netip.AddrPortFrom(l.S1.IP6(), 80).String() },
	} {
		t.Run(name, func(t *testing.T) {
			l, p := inline(t, managed)
			server, at := target(l)
			origin(t, server)
			f := follow(t, l, p)
			conn := dial(t, l.C1, at)
			_, err := fmt.Fprint(conn, "GET /bytes/1000?token=hidden HTTP/1.1\r\nHost: origin\r\nCookie: hidden\r\nConnection: close\r\n\r\n")
			must(t, err)
			var answer bytes.Buffer
			_, err = answer.ReadFrom(conn)
			must(t, err)
			client, to := endpointOf(conn.LocalAddr()), endpointOf(conn.RemoteAddr())
			must(t, conn.Close())
			got := f.ladder(t)
			if got.Captured != control.CapturedYes || got.From != client || got.To != to || got.Dropped != 0 || got.Verdict != control.HealthOK {
				t.Errorf("of %v to %v: %+v\n%s", client, to, got.LadderResult, steps(got))
			}
			for _, want := range []struct {
				from, to control.End
				is       func(control.Rung) bool
			}{
				{control.EndClient, control.EndBox, flagged("SYN")}, {control.EndBox, control.EndClient, flagged("SYN ACK")}, {control.EndClient, control.EndBox, flagged("ACK")},
				{control.EndBox, control.EndServer, flagged("SYN")}, {control.EndServer, control.EndBox, flagged("SYN ACK")}, {control.EndBox, control.EndServer, flagged("ACK")},
				{control.EndClient, control.EndBox, begins("GET /bytes/1000?...")}, {control.EndBox, control.EndServer, begins("GET /bytes/1000?...")},
				{control.EndServer, control.EndBox, begins("HTTP/1.1 200")}, {control.EndBox, control.EndClient, begins("HTTP/1.1 200")},
				{control.EndServer, control.EndBox, fin}, {control.EndBox, control.EndClient, fin}, {control.EndClient, control.EndBox, fin}, {control.EndBox, control.EndServer, fin},
			} {
				if r := rung(t, got, want.from, want.to, want.is); len(r.Seen) != 2 {
					t.Errorf("%s from %s to %s is seen at %d places: %+v", r.Label(), r.From, r.To, len(r.Seen), r.Seen)
				}
			}
			c, err := l.C1.Interface("eth0")
			must(t, err)
			s, err := server.Interface("eth0")
			must(t, err)
			seenAt := map[control.Place]int{}
			for _, r := range got.Rungs {
				for _, seen := range r.Seen {
					seenAt[seen.Place]++
					fromMAC, toMAC := c.MAC.String(), s.MAC.String()
					if seen.From == to {
						fromMAC, toMAC = toMAC, fromMAC
					} else if seen.From != client {
						t.Errorf("%s at the %s port is from %v to %v", r.Label(), seen.Place, seen.From, seen.To)
					}
					if seen.Place != control.AtLoop && (seen.FromMAC != fromMAC || seen.ToMAC != toMAC) {
						t.Errorf("%s at the %s port has the MACs %s and %s, want %s and %s", r.Label(), seen.Place, seen.FromMAC, seen.ToMAC, fromMAC, toMAC)
					}
				}
			}
			if seenAt[control.AtClient] < 7 || seenAt[control.AtServer] < 7 || seenAt[control.AtLoop] < 14 {
				t.Errorf("frames at each place: %v\n%s", seenAt, steps(got))
			}
			if all := f.out.String(); strings.Contains(all, "hidden") || strings.Contains(all, "Cookie") {
				t.Errorf("what people send is kept: %s", all)
			}
			contains(t, steps(got), "each end sees the other's MAC, address and port")
			contains(t, steps(got), "The box's own request, the health check, was answered")
			// The same for people.
			text := follow(t, l, p, "--json=false", "client="+client.Addr().String(), "server="+to.String())
			get(t, dial(t, l.C1, at), 100)
			must(t, text.Wait())
			contains(t, text.out.String(), "|-- SYN ------------------------->|")
			for line := range strings.Lines(text.out.String()) {
				if len(line) > 81 {
					t.Errorf("a line of %d columns: %s", len(line), line)
				}
			}
			stillServes(t, l, p)
		})
	}
}

func fin(r control.Rung) bool { return strings.Contains(r.Flags, "FIN") }

// stillServes says that nothing was disturbed, and nothing is left.
func stillServes(t *testing.T, l *lab.Lab, p *lab.Limpid) {
	t.Helper()
	if s := status(t, p); s.Mode != "inline" || s.Proxy.Restarts != 0 || s.Gate.Restarts != 0 {
		t.Errorf("%s", s.Raw)
	}
	// Those that hear neighbours (LLDP) stay; the header is a line too.
	out, err := l.Box.Command(t.Context(), "sh", "-c", "grep -vc ' 88cc ' /proc/net/packet").CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "1" {
		t.Errorf("packet sockets that are left: %s, %v", out, err)
	}
}

// TestDoctorLadderOfASilentServer: its packets are lost, so that it is asked again and again.
func TestDoctorLadderOfASilentServer(t *testing.T) {
	l, p := inline(t, quiet)
	nft(t, l.S1, "table inet deaf { chain input { type filter hook input priority 0; tcp dport 80 drop; }; }")
	f := follow(t, l, p, "server=10.77.0.101")
	ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
	defer cancel()
	if conn, err := l.C1.Dial(ctx, "tcp", "", "10.77.0.101:80"); err == nil {
		defer conn.Close()
	}
	got := f.ladder(t)
	if got.Captured != control.CapturedYes || got.Verdict != control.HealthFail {
		t.Errorf("%s", steps(got))
	}
	contains(t, steps(got), "times and nothing came back: server or route down")
	if n := len(slices.DeleteFunc(slices.Clone(got.Rungs), func(r control.Rung) bool { return r.To != control.EndServer || r.Flags != "SYN" })); n < 3 {
		t.Errorf("%d SYNs left:\n%s", n, steps(got))
	}
	if r := rung(t, got, control.EndBox, control.EndServer, func(r control.Rung) bool { return r.Again }); r.Flags != "SYN" {
		t.Errorf("sent again: %+v", r)
	}
}

// TestDoctorLadderOfWhatIsBridged names the rule.
func TestDoctorLadderOfWhatIsBridged(t *testing.T) {
	l, p := inline(t, quiet+"bypass = [{client = \"10.77.0.12/32\"}]\n")
	origin(t, l.S1)
	_, err := l.S1.HTTPOrigin(":81")
	must(t, err)
	for _, tt := range []struct {
		args  []string
		from  *lab.Node
		to    string
		rule  string
		order func(*testing.T, *lab.Limpid)
	}{
		{[]string{"client=10.77.0.12"}, l.C2, "10.77.0.101:80", "10.77.0.12/32", nil},
		{[]string{"server=10.77.0.101:81"}, l.C1, "10.77.0.101:81", "port 81 is not among those intercepted", nil},
		{nil, l.C1, "10.77.0.101:80", "ordered by the operator", bypass},
	} {
		if tt.order != nil {
			tt.order(t, p)
		}
		f := follow(t, l, p, tt.args...)
		conn := dial(t, tt.from, tt.to)
		get(t, conn, 1000)
		must(t, conn.Close())
		got := f.ladder(t)
		if got.Captured != control.CapturedNo || got.Verdict != control.HealthWarn {
			t.Errorf("%v: %s", tt.args, steps(got))
		}
		contains(t, steps(got), "warn The client's SYN was bridged, not captured")
		contains(t, steps(got), tt.rule)
		for _, r := range got.Rungs {
			if r.From == control.EndBox || r.To == control.EndBox {
				t.Errorf("%v: the box is in it:\n%s", tt.args, steps(got))
			}
		}
		rung(t, got, control.EndClient, control.EndServer, begins("GET /bytes/1000"))
		rung(t, got, control.EndServer, control.EndClient, begins("HTTP/1.1 200"))
	}
}

// TestDoctorLadderOfNobody waits in vain, while a second one is refused.
func TestDoctorLadderOfNobody(t *testing.T) {
	l, p := inline(t, managed)
	origin(t, l.S1)
	f := follow(t, l, p, "client=10.77.0.13", "--for", "3s")
	if _, err := p.Run(t.Context(), "doctor", "--ladder"); err == nil || !strings.Contains(err.Error(), "one is being made, asked for by the command line, for another ") {
		t.Errorf("a second one: %v", err)
	}
	get(t, dial(t, l.C1, "10.77.0.101:80"), 1000) // is of somebody else
	page := dial(t, l.C3, boxAddress+":80")       // is of the box's own page
	must(t, page.Close())
	got := f.ladder(t)
	if got.Captured != "" || len(got.Rungs) != 0 || got.Frames != 0 {
		t.Errorf("%s", steps(got))
	}
	contains(t, steps(got), "unknown In 3s 10.77.0.13 has opened no connection to any server, an intercepted port, by the clients' port.")
	stillServes(t, l, p)
}

package ladder

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

// TestLadder plays connections, and holds what is said of them.
func TestLadder(t *testing.T) {
	other := netip.MustParseAddrPort("192.0.2.1:50123")
	for _, tt := range []struct {
		name     string
		change   func(*Settings)
		play     func(*scene)
		captured control.Captured
		verdict  control.Health
		want     []string // in the findings
		not      []string
	}{
		{"whole", nil, func(s *scene) { s.handshake(); s.exchange(); s.close() }, control.CapturedYes, control.HealthOK, []string{
			"The client's SYN came in at eth0, and the bridge gave it to the box's own TCP: captured.",
			"The box asked the server at +0.07 ms, with the client's own address and port.",
			"The server answered at +0.09 ms.", "The client was answered at +0.03 ms, with the server's address and port.",
			`The client asked for "GET /secret/path?..." at`, `The server said "HTTP/1.1 200 OK" at`,
			"The client closed at", "each end sees the other's MAC, address and port: nothing is the box's",
			"From the client 69 bytes, to the server 69; from the server 65, to the client 65.",
		}, []string{"hidden", "TTL"}},
		{"still open", nil, func(s *scene) { s.handshake(); s.exchange() }, control.CapturedYes, control.HealthOK, []string{"It was still open when it was last looked at."}, nil},
		{"silent server", nil, func(s *scene) {
			s.see(fromClient(syn, 0, 0, ""), clientIn, loopIn)
			s.see(toClient(synACK, 0, 1, ""), loopOut, clientOut)
			s.see(fromClient(ack, 1, 1, ""), clientIn, loopIn)
			for range 3 {
				s.see(toServer(syn, 0, 0, ""), loopOut, serverOut)
				s.pass(time.Second)
			}
		}, control.CapturedYes, control.HealthFail, []string{"fail SYN left for the server 3 times and nothing came back: server or route down."}, nil},
		{"server that refuses", nil, func(s *scene) {
			s.see(fromClient(syn, 0, 0, ""), clientIn, loopIn)
			s.see(toClient(synACK, 0, 1, ""), loopOut, clientOut)
			s.see(fromClient(ack, 1, 1, ""), clientIn, loopIn)
			s.see(toServer(syn, 0, 0, ""), loopOut, serverOut)
			s.see(fromServer(reset, 0, 1, ""), serverIn, loopIn)
			s.see(toClient(reset, 1, 1, ""), loopOut, clientOut)
		}, control.CapturedYes, control.HealthWarn, []string{"warn The server refused at +0.08 ms", "The server reset the connection"}, []string{"fail"}},
		{"bridged", nil, func(s *scene) {
			s.see(fromClient(syn, 0, 0, ""), clientIn, serverOut)
			s.see(fromServer(synACK, 0, 0, ""), serverIn, clientOut)
		}, control.CapturedNo, control.HealthWarn, []string{"warn The client's SYN was bridged, not captured: it left by eth1", "The server answered at +0.02 ms, over the bridge too."}, nil},
		{"bridged to nobody", nil, func(s *scene) {
			s.see(fromClient(syn, 0, 0, ""), clientIn, serverOut)
			s.see(fromClient(syn, 0, 0, ""), clientIn, serverOut)
		}, control.CapturedNo, control.HealthFail, []string{"SYN left for the server twice and nothing came back"}, nil},
		{"mirrored", nil, func(s *scene) {
			s.see(fromClient(syn, 0, 0, ""), clientIn)
			at := s.now
			s.see(toServer(syn, 0, 0, ""), loopOut, serverOut)
			s.see(fromServer(synACK, 0, 1, ""), serverIn, loopIn)
			// What waited keeps the time at which it came.
			data := packet{from: clientEnd, to: serverEnd, flags: syn, seq: clientISN, ack: replyISN, ttl: 64}.bytes()
			s.f.Take(Frame{Data: data, Length: len(data), Place: control.AtLoop, Device: "br0", At: at}, s.now)
			s.see(toClient(synACK, 0, 1, ""), loopOut, clientOut)
			s.see(fromClient(ack, 1, 1, ""), clientIn, loopIn)
			s.exchange()
		}, control.CapturedYes, control.HealthOK, []string{"The box asked the server at +0.02 ms", "The client was answered at +0.06 ms"}, nil},
		{"mirrored, silent server", nil, func(s *scene) {
			s.see(fromClient(syn, 0, 0, ""), clientIn)
			s.see(toServer(syn, 0, 0, ""), loopOut, serverOut)
			s.pass(800 * time.Millisecond)
			s.see(fromClient(syn, 0, 0, ""), serverOut)
		}, control.CapturedNo, control.HealthFail, []string{
			"it left by eth1 at +800.03 ms as it came in", "the box had asked the server as the client", "SYN left for the server once and nothing came back",
		}, nil},
		{"mirrored, waits still", nil, func(s *scene) {
			s.see(fromClient(syn, 0, 0, ""), clientIn)
			s.see(toServer(syn, 0, 0, ""), loopOut, serverOut)
		}, control.CapturedNo, control.HealthFail, []string{"waits until the server has answered the box", "SYN left for the server once"}, nil},
		{"gone nowhere", nil, func(s *scene) {
			s.see(fromClient(syn, 0, 0, ""), clientIn)
			s.see(fromClient(syn, 0, 0, ""), clientIn)
		}, control.CapturedNo, control.HealthFail, []string{"The client's SYN came in twice and went nowhere"}, nil},
		{"server not asked", nil, func(s *scene) {
			s.see(fromClient(syn, 0, 0, ""), clientIn, loopIn)
			s.see(toClient(synACK, 0, 1, ""), loopOut, clientOut)
			s.see(fromClient(ack, 1, 1, ""), clientIn, loopIn)
		}, control.CapturedYes, control.HealthFail, []string{"fail The box has not asked the server."}, nil},
		{"answered by the box", nil, func(s *scene) {
			s.see(fromClient(syn, 0, 0, ""), clientIn, loopIn)
			s.see(toClient(synACK, 0, 1, ""), loopOut, clientOut)
			s.see(fromClient(push, 1, 1, requestHead), clientIn, loopIn)
			s.see(toClient(push, 1, 70, responseHead), loopOut, clientOut)
		}, control.CapturedYes, control.HealthOK, []string{"answered without asking the server", `The box told the client "HTTP/1.1 200 OK"`}, nil},
		{"SYN that does not leave", nil, func(s *scene) {
			s.see(fromClient(syn, 0, 0, ""), clientIn, loopIn)
			s.see(toClient(synACK, 0, 1, ""), loopOut, clientOut)
			s.see(toServer(syn, 0, 0, ""), loopOut)
		}, control.CapturedYes, control.HealthFail, []string{"its SYN did not leave by the servers' port", "The client was answered once, first at +0.03 ms, and nothing more came from it."}, nil},
		{"SYN ACK that does not leave", nil, func(s *scene) {
			s.see(fromClient(syn, 0, 0, ""), clientIn, loopIn)
			s.see(toClient(synACK, 0, 1, ""), loopOut)
		}, control.CapturedYes, control.HealthFail, []string{"its SYN ACK did not leave by the clients' port"}, nil},
		{"answer that is bridged", nil, func(s *scene) {
			s.see(fromClient(syn, 0, 0, ""), clientIn, loopIn)
			s.see(toServer(syn, 0, 0, ""), loopOut, serverOut)
			s.see(fromServer(synACK, 0, 1, ""), serverIn, clientOut)
		}, control.CapturedYes, control.HealthFail, []string{"the answer was bridged to the client", "The client's SYN was not answered."}, nil},
		{"answer that is lost", nil, func(s *scene) {
			s.see(fromClient(syn, 0, 0, ""), clientIn, loopIn)
			s.see(toServer(syn, 0, 0, ""), loopOut, serverOut)
			s.see(fromServer(synACK, 0, 1, ""), serverIn)
		}, control.CapturedYes, control.HealthFail, []string{"the answer was not given to the box's TCP"}, nil},
		{"port of the box's choice", func(s *Settings) { s.KeepPort = false }, func(s *scene) {
			s.see(fromClient(syn, 0, 0, ""), clientIn, loopIn)
			s.see(toClient(synACK, 0, 1, ""), loopOut, clientOut)
			s.see(fromClient(ack, 1, 1, ""), clientIn, loopIn)
			s.see(packet{from: other, to: serverEnd, flags: syn, seq: 5}, loopOut, serverOut)
			s.see(packet{from: serverEnd, to: other, flags: synACK, seq: 6, ack: 6}, serverIn, loopIn)
		}, control.CapturedYes, control.HealthOK, []string{"port 50123 in place of 40000 (proxy.client_port)", "nothing is the box's"}, nil},
		{"address of the box", func(s *Settings) { s.KeepPort, s.KeepAddress = false, false }, func(s *scene) {
			s.see(fromClient(syn, 0, 0, ""), clientIn, loopIn)
			s.see(packet{from: netip.MustParseAddrPort("192.0.2.9:50123"), to: serverEnd, flags: syn, seq: 5}, loopOut, serverOut)
		}, control.CapturedYes, control.HealthFail, []string{"with its own address, 192.0.2.9:50123 (intercept.mode)", "nothing came back"}, []string{"differ"}},
		{"the box's MAC on the wire", nil, func(s *scene) {
			s.see(fromClient(syn, 0, 0, ""), clientIn, loopIn)
			p := toServer(syn, 0, 0, "")
			p.macs, p.ttl = [2][6]byte{boxMAC, serverMAC}, 63
			s.see(p, loopOut, serverOut)
			s.see(fromServer(synACK, 0, 1, ""), serverIn, loopIn)
			s.see(toClient(synACK, 0, 1, ""), loopOut, clientOut)
			s.see(fromClient(ack, 1, 1, ""), clientIn, loopIn)
		}, control.CapturedYes, control.HealthWarn, []string{
			"The two ports differ towards the server: sender's MAC 02:00:00:00:00:09, and not 02:00:00:00:00:01.", "TTL is the box's own: 63 towards the server, where 64 came in.",
		}, nil},
		{"bytes that are missing", nil, func(s *scene) {
			s.handshake()
			s.see(fromServer(push, 1, 1, responseHead), serverIn, loopIn)
			s.see(toClient(push, 1, 1, responseHead[:60]), loopOut, clientOut)
			s.see(fromServer(finACK, 66, 1, ""), serverIn, loopIn)
			s.see(toClient(finACK, 61, 1, ""), loopOut, clientOut)
			s.see(toServer(finACK, 1, 67, ""), loopOut, serverOut)
		}, control.CapturedYes, control.HealthWarn, []string{"from the server 65, to the client 60"}, nil},
		{"from the servers' side", func(s *Settings) { s.Client = clientEnd.Addr() }, func(s *scene) {
			s.see(fromClient(syn, 0, 0, ""), serverIn, clientOut)
		}, control.CapturedNo, control.HealthWarn, []string{"came in by the servers' port"}, nil},
		{"no head", nil, func(s *scene) {
			s.handshake()
			s.see(fromClient(push, 1, 1, "\x16\x03\x01"), clientIn, loopIn)
		}, control.CapturedYes, control.HealthOK, []string{"begins with no head of HTTP/1"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.change == nil {
				tt.change = func(*Settings) {}
			}
			s := play(t, tt.change)
			tt.play(s)
			r := s.f.Result(0)
			got := texts(r.Findings)
			if r.Captured != tt.captured || r.Verdict != tt.verdict {
				t.Errorf("captured %q, verdict %q; want %q, %q:\n%s", r.Captured, r.Verdict, tt.captured, tt.verdict, got)
			}
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q is not in\n%s", want, got)
				}
			}
			for _, not := range tt.not {
				if strings.Contains(got, not) {
					t.Errorf("%q is in\n%s", not, got)
				}
			}
		})
	}
}

// TestRungsAreLinedUp: one rung for each segment, however many places it was seen at.
func TestRungsAreLinedUp(t *testing.T) {
	s := play(t)
	s.handshake()
	s.exchange()
	s.close()
	r := s.f.Result(0)
	var got []string
	for _, rung := range r.Rungs {
		places := ""
		for _, seen := range rung.Seen {
			places += " " + string(seen.Place)
			if seen.From != clientEnd && seen.To != clientEnd || seen.From != serverEnd && seen.To != serverEnd || seen.TTL != 64 {
				t.Errorf("%+v", seen)
			}
		}
		got = append(got, string(rung.From)+">"+string(rung.To)+" "+rung.Label()+places)
	}
	want := []string{
		"client>box SYN client loop", "box>client SYN ACK loop client", "client>box ACK client loop",
		"box>server SYN loop server", "server>box SYN ACK server loop", "box>server ACK loop server",
		"client>box GET /secret/path?..., 69 bytes client loop", "box>server GET /secret/path?..., 69 bytes loop server",
		"server>box HTTP/1.1 200 OK, 65 bytes server loop", "box>client HTTP/1.1 200 OK, 65 bytes loop client", "client>box ACK client loop",
		"client>box FIN ACK client loop", "box>server FIN ACK loop server", "server>box FIN ACK server loop", "box>client FIN ACK loop client",
		"client>box ACK client loop", "box>server ACK loop server",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for i, numbers := range map[int][2]uint32{0: {0, 0}, 1: {0, 1}, 4: {0, 1}, 7: {1, 1}, 12: {70, 66}, 16: {71, 67}} {
		if rung := r.Rungs[i]; rung.Seq != numbers[0] || rung.Ack != numbers[1] {
			t.Errorf("rung %d: seq %d, ack %d, want %v", i, rung.Seq, rung.Ack, numbers)
		}
	}
	if r.Frames != 34 || r.Omitted != 0 || r.From != clientEnd || r.To != serverEnd || !r.Began.Equal(begun.Add(10*time.Microsecond)) {
		t.Errorf("%+v", r)
	}
	// Nothing of what people send is kept but the first lines.
	text, err := json.Marshal(r)
	if err != nil || strings.Contains(string(text), "hidden") || strings.Contains(string(text), "ookie") || strings.Contains(string(text), "hello") {
		t.Errorf("%v: %s", err, text)
	}
}

// TestSegmentsThatAreCut: what TCP gives to the bridge in one piece leaves in several.
func TestSegmentsThatAreCut(t *testing.T) {
	s := play(t)
	s.handshake()
	body := strings.Repeat("x", 3000)
	s.see(toClient(push, 1, 1, body), loopOut)
	s.see(toClient(ack, 1, 1, body[:1448]), clientOut)
	s.see(toClient(ack, 1449, 1, body[:1448]), clientOut)
	s.see(toClient(push, 2897, 1, body[:104]), clientOut)
	// And again, the last part alone.
	s.see(toClient(push, 2897, 1, body[:104]), loopOut, clientOut)
	r := s.f.Result(0)
	last := r.Rungs[len(r.Rungs)-2:]
	if len(r.Rungs) != 8 || last[0].Length != 3000 || len(last[0].Seen) != 2 || last[0].Seen[1].Frames != 3 || last[0].To != control.EndClient || last[0].Again {
		t.Errorf("%d rungs, %+v", len(r.Rungs), last[0])
	}
	if !last[1].Again || last[1].Label() != "again: 104 bytes" || len(last[1].Seen) != 2 {
		t.Errorf("%+v", last[1])
	}
}

// TestOtherFormats: IPv6, and frames with a tag.
func TestOtherFormats(t *testing.T) {
	from, to := netip.MustParseAddrPort("[2001:db8::1]:40000"), netip.MustParseAddrPort("[2001:db8::2]:80")
	s := play(t)
	s.see(packet{from: from, to: to, flags: syn, seq: 1, vlan: 42}, clientIn, loopIn)
	s.see(packet{from: from, to: to, flags: syn, seq: 9, vlan: 42}, loopOut, serverOut)
	r := s.f.Result(0)
	if len(r.Rungs) != 2 || r.From != from || r.To != to || r.Rungs[1].Seen[1].VLAN != 42 || r.Rungs[1].Seen[1].FromMAC != "02:00:00:00:00:01" {
		t.Errorf("%+v", r)
	}
}

// TestWhatIsFollowed: the first connection that was asked for, and nothing else.
func TestWhatIsFollowed(t *testing.T) {
	elsewhere := netip.MustParseAddrPort("203.0.113.5:80")
	strange := netip.MustParseAddrPort("192.0.2.77:1234")
	for _, tt := range []struct {
		name   string
		change func(*Settings)
		packet packet
		at     spot
		want   bool
	}{
		{"anybody", func(*Settings) {}, fromClient(syn, 0, 0, ""), clientIn, true},
		{"the client", func(s *Settings) { s.Client = clientEnd.Addr() }, fromClient(syn, 0, 0, ""), clientIn, true},
		{"another client", func(s *Settings) { s.Client = strange.Addr() }, fromClient(syn, 0, 0, ""), clientIn, false},
		{"the server", func(s *Settings) { s.Server = serverEnd.Addr() }, fromClient(syn, 0, 0, ""), clientIn, true},
		{"another server", func(s *Settings) { s.Server = elsewhere.Addr() }, fromClient(syn, 0, 0, ""), clientIn, false},
		{"another port", func(s *Settings) { s.Ports = []uint16{8000, 8080} }, fromClient(syn, 0, 0, ""), clientIn, false},
		{"one of the ports", func(s *Settings) { s.Ports = []uint16{8000, 80} }, fromClient(syn, 0, 0, ""), clientIn, true},
		{"one that stands open", func(*Settings) {}, fromClient(ack, 5, 5, ""), clientIn, false},
		{"an answer", func(*Settings) {}, packet{from: clientEnd, to: serverEnd, flags: synACK}, clientIn, false},
		{"one that leaves there", func(*Settings) {}, fromClient(syn, 0, 0, ""), clientOut, false},
		{"to the box itself", func(*Settings) {}, packet{from: clientEnd, to: netip.MustParseAddrPort("192.0.2.9:80"), flags: syn}, clientIn, false},
		{"from the servers' side", func(*Settings) {}, fromClient(syn, 0, 0, ""), serverIn, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := play(t, tt.change)
			s.see(tt.packet, tt.at)
			if got := s.f.Result(0).Frames == 1; got != tt.want {
				t.Errorf("followed: %v, want %v", got, tt.want)
			}
		})
	}
	s := play(t)
	s.see(fromClient(syn, 0, 0, ""), clientIn)
	s.see(packet{from: strange, to: serverEnd, flags: syn}, clientIn, loopIn)
	s.see(packet{from: strange, to: serverEnd, flags: syn}, loopOut, serverOut)
	if r := s.f.Result(0); r.Frames != 1 || r.From != clientEnd {
		t.Errorf("another connection is followed too: %+v", r)
	}
}

// TestFollowingEnds: when nothing more is to come, and at the latest after its time.
func TestFollowingEnds(t *testing.T) {
	over := func(s *scene, after time.Duration) bool { return s.f.Over(s.now.Add(after)) }
	s := play(t)
	if over(s, 9*time.Second) || !over(s, 10*time.Second) || s.f.Result(0).From.IsValid() {
		t.Error("nobody came")
	}
	s = play(t)
	s.pass(9 * time.Second)
	s.handshake()
	if over(s, 9*time.Second) || !over(s, 10*time.Second) {
		t.Error("one whose server is silent is followed for 10 s")
	}
	s.exchange()
	if over(s, quiet-time.Millisecond) || !over(s, quiet) {
		t.Error("one that was answered, and is quiet")
	}
	s.close()
	if over(s, settle/2) || !over(s, settle) {
		t.Error("one that is closed")
	}
	s = play(t)
	s.handshake()
	s.see(fromClient(reset, 1, 1, ""), clientIn, loopIn)
	if over(s, settle/2) || !over(s, settle) {
		t.Error("one that was reset")
	}
	s = play(t)
	s.handshake()
	s.see(fromClient(finACK, 1, 1, ""), clientIn, loopIn)
	s.see(toClient(finACK, 1, 2, ""), loopOut, clientOut)
	if over(s, quiet) {
		t.Error("one whose server has yet to close")
	}
}

// TestLongConnectionsAreCutShort: however much is sent, beginning and end are shown.
func TestLongConnectionsAreCutShort(t *testing.T) {
	s := play(t)
	s.handshake()
	at := uint32(1)
	for range 1000 {
		s.see(fromServer(ack, at, 1, "a piece of it"), serverIn, loopIn)
		s.see(toClient(ack, at, 1, "a piece of it"), loopOut, clientOut)
		at += 13
	}
	s.see(fromServer(finACK, at, 1, ""), serverIn, loopIn)
	s.see(toClient(finACK, at, 1, ""), loopOut, clientOut)
	r := s.f.Result(3)
	got := texts(r.Findings)
	if len(r.Rungs) > maxSegments || r.Frames != 4016 || r.Omitted != 4016-maxPlain-4 || r.Dropped != 3 {
		t.Errorf("%d rungs, %d frames, %d left out", len(r.Rungs), r.Frames, r.Omitted)
	}
	for _, want := range []string{"The server closed at", "from the server 13000, to the client 13000", "Frames came too fast"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	for range 1000 {
		s.see(fromClient(reset, 1, 1, ""), clientIn, loopIn)
	}
	if r := s.f.Result(0); len(r.Rungs) > maxSegments {
		t.Errorf("%d rungs", len(r.Rungs))
	}
}

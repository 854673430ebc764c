package doctor

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/bridge"
	"limpid/interceptor"
)

func now() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }

func ago(d time.Duration) time.Time { return now().Add(-d) }

func traffic(in, out uint64) bridge.Traffic {
	return bridge.Traffic{Present: true, Received: bridge.Count{Packets: in}, Sent: bridge.Count{Packets: out}}
}

// well are the facts of a box with nothing to mend, and some traffic.
func well(t *testing.T) *Facts {
	t.Helper()
	c, err := config.Parse("limpid.toml", []byte("[bridge]\nports = [\"eth0\", \"eth1\"]\n[management]\naddress = \"192.0.2.10/24\"\ngateway = \"192.0.2.1\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	port := bridge.Link{Present: true, Up: true, Running: true, Carrier: true, Master: "br0", SpeedMbps: 1000, FullDuplex: true,
		Settings: map[string]uint32{"state": 3}}
	lan, wan := port, port
	lan.Name, wan.Name = "eth0", "eth1"
	process := control.Process{PID: 7}
	pulse := Pulse{Begun: ago(time.Hour), Beat: ago(50 * time.Millisecond)}
	return &Facts{
		At: now(), Config: c,
		Kernel: Kernel{
			Bridge: bridge.Look{Status: bridge.Status{
				Bridge: bridge.Link{Name: "br0", Present: true, Up: true, Carrier: true, Kind: "bridge",
					Addresses: []bridge.Address{{Prefix: netip.MustParsePrefix("192.0.2.10/24")}}},
				LAN: lan, WAN: wan, Sysctls: map[string]string{"net/ipv4/conf/all/rp_filter": "0"},
			}},
			Learned:  bridge.Learned{LAN: 3, WAN: 1},
			Gateways: []bridge.Neighbour{{IP: netip.MustParseAddr("192.0.2.1"), State: "reachable"}},
			Capture: interceptor.Found{
				Tables:  []interceptor.FoundTable{{Name: "bridge limpid", Present: true, Owned: true}, {Name: "inet limpid", Present: true, Owned: true}},
				Planned: true, Rules: 90, Ports: []uint16{80}, Armed: true, Routes: 16,
				Sysctls: []interceptor.Sysctl{{Key: "net/ipv4/tcp_fwmark_accept", Have: "1", Want: "1", Why: "why"}},
			},
			Listeners: []Listener{{netip.MustParseAddrPort("127.0.0.1:8080"), 0}, {netip.MustParseAddrPort("[::1]:8080"), 2}},
		},
		Before: Counts{At: ago(12 * time.Second), LAN: traffic(1000, 2000), WAN: traffic(2000, 1000), Captured: 5, Bridged: 7},
		Now:    Counts{At: now(), LAN: traffic(1100, 2200), WAN: traffic(2200, 1100), Captured: 8, Bridged: 7, Records: 4},
		Known: &Known{
			Status: control.Status{Version: "1", Mode: control.Inline, Since: ago(time.Hour), Handshake: "accept", Gate: process, Proxy: process,
				Web: control.Page{Process: process, Listen: []string{":443"}, PasswordSet: true}, Flows: control.Flows{Active: 12}},
			Gate: pulse, Proxy: pulse, Web: Pulse{Begun: ago(time.Hour), Beat: ago(4 * time.Second)},
			Passed: ago(200 * time.Millisecond), Most: 65536,
		},
	}
}

// verdicts are those that are not ok.
func verdicts(f Facts) map[string]control.Health {
	found := map[string]control.Health{}
	for _, c := range Examine(f).Checks {
		if c.Verdict != control.HealthOK {
			found[c.Name] = c.Verdict
		}
	}
	return found
}

func TestNothingToMend(t *testing.T) {
	c := Examine(*well(t))
	if c.Verdict != control.HealthOK || !c.Time.Equal(now()) || len(c.Checks) != len(checks())+1 {
		t.Errorf("%s, %d checks", c.Verdict, len(c.Checks))
	}
	var names []string
	for _, check := range c.Checks {
		if check.Verdict != control.HealthOK || check.Finding == "" || check.Title == "" || check.Effect != "" || check.Mend != "" {
			t.Errorf("%+v", check)
		}
		if slices.Contains(names, check.Name) {
			t.Errorf("%s is there twice", check.Name)
		}
		names = append(names, check.Name)
	}
}

const (
	unknown = control.HealthUnknown
	warn    = control.HealthWarn
	fail    = control.HealthFail
)

// each is one thing that is not well: which checks say so, what the first says, and what else it has to name.
type each struct {
	name   string
	change func(*Facts)
	check  string
	health control.Health
	says   string
	also   map[string]control.Health // that follow from it
}

func examineEach(t *testing.T, list []each) {
	t.Helper()
	for _, c := range list {
		t.Run(c.name, func(t *testing.T) {
			f := well(t)
			c.change(f)
			want := map[string]control.Health{c.check: c.health}
			maps.Copy(want, c.also)
			got := verdicts(*f)
			for name, health := range want {
				if got[name] != health {
					t.Errorf("%s is %q, want %q", name, got[name], health)
				}
			}
			for name, health := range got {
				if want[name] == "" {
					t.Errorf("%s is %q, too", name, health)
				}
			}
			for _, check := range Examine(*f).Checks {
				if check.Name == c.check {
					holdsAnswer(t, check, c.says)
				}
			}
		})
	}
}

// holdsAnswer wants the finding, and all that makes a bad one of use.
func holdsAnswer(t *testing.T, c control.Check, says string) {
	t.Helper()
	if !strings.Contains(c.Finding, says) {
		t.Errorf("%s says %q, want %q in it", c.Name, c.Finding, says)
	}
	if c.Verdict != fail && c.Verdict != warn {
		return
	}
	if c.Effect == "" || c.Mend == "" || len(c.Evidence) == 0 {
		t.Errorf("%s lacks effect, mend or evidence: %+v", c.Name, c)
	}
	for _, e := range c.Evidence {
		if e.What == "" || e.Where == "" || e.Value == "" {
			t.Errorf("%s: evidence %+v", c.Name, e)
		}
	}
}

var errRead = errors.New("operation not permitted")

func TestUnreadableIsUnknown(t *testing.T) {
	f := well(t)
	k := &f.Kernel
	k.BridgeErr, k.TrafficErr, k.LearnedErr, k.GatewaysErr, k.CaptureErr, k.ListenersErr = errRead, errRead, errRead, errRead, errRead, errRead
	got := verdicts(*f)
	for _, name := range []string{"bridge", "links", "frames", "errors", "reach", "gateway", "sysctls", "rules", "ports", "armed", "routing", "listener"} {
		if got[name] != unknown {
			t.Errorf("%s is %q, want unknown", name, got[name])
		}
		delete(got, name)
	}
	if len(got) != 0 {
		t.Errorf("also %v", got)
	}
}

func TestSilentSupervisor(t *testing.T) {
	f := well(t)
	f.Known, f.Silence = nil, "connect to /run/limpid/control.sock: no limpid runs there"
	f.Kernel.Capture = interceptor.Found{Tables: []interceptor.FoundTable{{Name: "bridge limpid"}, {Name: "inet limpid"}}}
	f.Before.Captured, f.Now = 0, Counts{At: f.Now.At, LAN: f.Now.LAN, WAN: f.Now.WAN}
	got := verdicts(*f)
	if got["supervisor"] != fail {
		t.Errorf("supervisor is %q", got["supervisor"])
	}
	delete(got, "supervisor")
	for _, name := range []string{"gate", "proxy", "web", "health", "ports", "armed", "routing", "listener", "slots", "log", "storage", "reports", "capture"} {
		if got[name] != unknown {
			t.Errorf("%s is %q, want unknown", name, got[name])
		}
		delete(got, name)
	}
	if len(got) != 0 {
		t.Errorf("what needs no supervisor: %v", got)
	}
	f.Kernel.Capture.Tables[0].Present = true
	if got := verdicts(*f)["rules"]; got != warn {
		t.Errorf("rules that are left: %q", got)
	}
}

// The proxy reads what strangers send, and what it says reaches terminals.
func TestWhatOthersSayIsBounded(t *testing.T) {
	f := well(t)
	f.Known.Log = []string{"a\x1b[2J\n" + strings.Repeat("é", 100_000), "b", "c", "d", "e", "f"}
	f.Known.Status.Proxy = control.Process{LastExit: "x\ny" + strings.Repeat("z", 100_000)}
	checks := Examine(*f).Checks
	texts := []string{}
	for _, c := range checks {
		texts = append(texts, c.Finding)
		for _, e := range c.Evidence {
			texts = append(texts, e.Value)
		}
	}
	found := 0
	for _, text := range texts {
		if len(text) > 2000 || strings.ContainsAny(text, "\x1b\n") || !utf8.ValidString(text) {
			t.Errorf("%d bytes: %.100q", len(text), text)
		}
		if strings.Contains(text, "a?[2J?") || strings.Contains(text, "x?y") {
			found++
		}
	}
	if found != 3 {
		t.Errorf("%d texts tell of it, want 3", found)
	}
}

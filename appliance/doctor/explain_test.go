package doctor

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"limpid/appliance/config"
	"limpid/appliance/control"
)

func question(t *testing.T, client, server, port string) control.FlowQuestion {
	t.Helper()
	q, err := control.ParseFlow(client, server, port)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestExplain(t *testing.T) {
	pair := func(client, server string) func(*Facts) {
		return func(f *Facts) {
			var p config.Pair
			if client != "" {
				p.Client = netip.MustParsePrefix(client)
			}
			if server != "" {
				p.Server = netip.MustParsePrefix(server)
			}
			f.Config.Intercept.Bypass = append(f.Config.Intercept.Bypass, p)
		}
	}
	mode := func(m control.Mode, reason string, ordered bool) func(*Facts) {
		return func(f *Facts) {
			f.Known.Status.Mode, f.Known.Status.Reason, f.Known.Status.Bypass.On = m, reason, ordered
		}
	}
	nothing := func(*Facts) {}
	for name, c := range map[string]struct {
		client, server, port string
		change               func(*Facts)
		captured             control.Captured
		says                 string // in the answer
	}{
		"usual":                    {"10.0.0.1", "198.51.100.1", "", nothing, "yes", "10.0.0.1 to 198.51.100.1:80 is captured"},
		"usual IPv6":               {"2001:db8::1", "2001:db8::2", "80", nothing, "yes", "2001:db8::1 to [2001:db8::2]:80 is captured"},
		"other port":               {"10.0.0.1", "198.51.100.1", "443", nothing, "no", "port 443 is not among those intercepted (80)"},
		"pair":                     {"10.0.0.1", "198.51.100.1", "", pair("10.0.0.0/8", "198.51.100.0/24"), "no", "10.0.0.0/8 -> 198.51.100.0/24"},
		"pair of another client":   {"11.0.0.1", "198.51.100.1", "", pair("10.0.0.0/8", "198.51.100.0/24"), "yes", "is captured"},
		"pair of another server":   {"10.0.0.1", "198.51.101.1", "", pair("10.0.0.0/8", "198.51.100.0/24"), "yes", "is captured"},
		"pair of any server":       {"10.0.0.1", "203.0.113.1", "", pair("10.0.0.0/8", ""), "no", "10.0.0.0/8 -> any"},
		"pair of any client":       {"11.0.0.1", "198.51.100.1", "", pair("", "198.51.100.0/24"), "no", "any -> 198.51.100.0/24"},
		"pair of the other family": {"2001:db8::1", "2001:db8::2", "", pair("10.0.0.0/8", ""), "yes", "is captured"},
		"IPv6 is off":              {"2001:db8::1", "2001:db8::2", "", func(f *Facts) { f.Config.Intercept.IPv6 = false }, "no", "IPv6 is left on the bridge"},
		"IPv6 is off, for IPv4":    {"10.0.0.1", "198.51.100.1", "", func(f *Facts) { f.Config.Intercept.IPv6 = false }, "yes", "is captured"},
		"link-local":               {"fe80::1", "2001:db8::2", "", nothing, "no", "link-local"},
		"to the box":               {"10.0.0.1", "192.0.2.10", "", nothing, "no", "192.0.2.10 is the box's own address"},
		"of the box":               {"192.0.2.10", "198.51.100.1", "", nothing, "no", "comes in by no port"},
		"starting":                 {"10.0.0.1", "198.51.100.1", "", mode(control.Starting, "waiting", false), "no", "the mode is starting: waiting"},
		"ordered bypass":           {"10.0.0.1", "198.51.100.1", "", mode(control.Bypass, "ordered by the operator", true), "no", "ordered by the operator"},
		"full":                     {"10.0.0.1", "198.51.100.1", "", func(f *Facts) { f.Known.Status.Flows.Active = 65536 }, "no", "all of 65536 connections"},
		"silent supervisor":        {"10.0.0.1", "198.51.100.1", "", func(f *Facts) { f.Known = nil }, "no", "the supervisor does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			f := well(t)
			c.change(f)
			a := Explain(question(t, c.client, c.server, c.port), *f, nil)
			if a.Captured != c.captured || !strings.Contains(a.Answer, c.says) {
				t.Errorf("captured %s: %s", a.Captured, a.Answer)
			}
			for _, r := range a.Reasons {
				if r.Text == "" || r.Sure != (a.Captured == control.CapturedNo) {
					t.Errorf("reason %+v of an answer that is %s", r, a.Captured)
				}
			}
			if len(a.Reasons) == 0 {
				t.Error("no reasons")
			}
		})
	}
}

// Whoever mends one reason is to know of the others.
func TestExplainNamesEveryReason(t *testing.T) {
	f := well(t)
	f.Known.Status.Mode, f.Known.Status.Reason = control.Bypass, "proxy was ended"
	f.Config.Intercept.Bypass = []config.Pair{{Client: netip.MustParsePrefix("10.0.0.0/8")}}
	a := Explain(question(t, "10.0.0.1", "198.51.100.1", "81"), *f, nil)
	if len(a.Reasons) != 3 || !strings.Contains(a.Answer, a.Reasons[0].Text) {
		t.Errorf("%s: %+v", a.Answer, a.Reasons)
	}
}

func TestExplainWhatThePacketsDecide(t *testing.T) {
	all := func(f *Facts) string {
		var texts []string
		for _, r := range Explain(question(t, "10.0.0.1", "198.51.100.1", ""), *f, nil).Reasons {
			texts = append(texts, r.Text)
		}
		return strings.Join(texts, "\n")
	}
	f := well(t)
	got := all(f)
	for _, want := range []string{"began before capture did", "named: none", "servers' port", "fragments", "own MAC"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	for _, other := range []string{"0.8 s", "free slot"} {
		if strings.Contains(got, other) {
			t.Errorf("%q is in\n%s", other, got)
		}
	}
	f.Config.Bridge.VLANs, f.Known.Status.Handshake, f.Now.Refused = []uint16{10, 20}, "mirror", 2
	got = all(f)
	for _, want := range []string{"named: 10, 20", "0.8 s", "2 SYNs were refused"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

func TestExplainKnowsWhatIsCarried(t *testing.T) {
	f := well(t)
	flow := control.Flow{Holder: "proxy", Client: netip.MustParseAddrPort("10.0.0.1:4001"), Server: netip.MustParseAddrPort("198.51.100.1:80"), Started: ago(90 * time.Second)}
	others := []control.Flow{flow, flow, flow}
	others[0].Client, others[1].Server, others[2].Server = netip.MustParseAddrPort("10.0.0.2:1"), netip.MustParseAddrPort("198.51.100.1:81"), netip.MustParseAddrPort("198.51.100.2:80")
	q := question(t, "10.0.0.1", "198.51.100.1", "")
	if a := Explain(q, *f, others); a.Reasons[0].Sure {
		t.Errorf("of others: %+v", a.Reasons[0])
	}
	a := Explain(q, *f, append(others, flow))
	if !a.Reasons[0].Sure || !strings.Contains(a.Reasons[0].Text, "port 4001 for 90 s, by the proxy") {
		t.Errorf("%+v", a.Reasons[0])
	}
	// One that is carried may go on when no new one would be captured.
	f.Known.Status.Mode = control.Bypass
	if a = Explain(q, *f, []control.Flow{flow}); a.Captured != control.CapturedNo || len(a.Reasons) != 2 {
		t.Errorf("%+v", a)
	}
}

package control

import (
	"net/netip"
	"strings"
	"testing"
)

func TestDoctorOverTheSocket(t *testing.T) {
	client := serve(t, &fake{})
	if d, err := client.Doctor(t.Context()); err != nil || d.Verdict != HealthWarn || d.Checks[0].Name != "links" {
		t.Errorf("%+v, %v", d, err)
	}
	q := FlowQuestion{Client: netip.MustParseAddr("2001:db8::1"), Server: netip.MustParseAddr("2001:db8::2"), Port: 8080}
	if a, err := client.Explain(t.Context(), q); err != nil || a.Client != q.Client || a.Server != q.Server || a.Port != q.Port || a.Captured != CapturedNo {
		t.Errorf("%+v, %v", a, err)
	}
	// Who asks must say what.
	for _, q := range []FlowQuestion{{}, {Client: q.Client, Port: 80}, {Client: q.Client, Server: q.Server}, {Client: q.Client, Server: netip.MustParseAddr("192.0.2.1"), Port: 80}} {
		if _, err := client.Explain(t.Context(), q); err == nil || !strings.Contains(err.Error(), "want") {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

func TestParseFlow(t *testing.T) {
	q, err := ParseFlow("::ffff:192.0.2.7", "198.51.100.1", "")
	if err != nil || q.Client != netip.MustParseAddr("192.0.2.7") || q.Port != 80 {
		t.Errorf("%+v, %v", q, err)
	}
	for _, c := range [][3]string{
		{"", "192.0.2.1", ""}, {"192.0.2.1", "", ""}, {"host.example", "192.0.2.1", ""}, {"192.0.2.1:80", "192.0.2.1", ""}, {"fe80::1%eth0", "fe80::2", ""},
		{"192.0.2.1", "::1", ""}, {"192.0.2.1", "192.0.2.2", "0"}, {"192.0.2.1", "192.0.2.2", "65536"}, {"192.0.2.1", "192.0.2.2", "http"},
	} {
		if q, err := ParseFlow(c[0], c[1], c[2]); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %+v, %v", c, q, err)
		}
	}
}

func FuzzParseFlow(f *testing.F) {
	f.Add("192.0.2.1", "192.0.2.2", "80")
	f.Add("2001:db8::1", "::ffff:192.0.2.2", "")
	f.Fuzz(func(t *testing.T, client, server, port string) {
		q, err := ParseFlow(client, server, port)
		if err == nil && (!q.Client.IsValid() || q.Client.Is4() != q.Server.Is4() || q.Port == 0 || q.Client.Zone() != "") {
			t.Errorf("%q, %q, %q: %+v", client, server, port, q)
		}
	})
}

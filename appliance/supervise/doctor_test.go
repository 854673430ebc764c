package supervise

import (
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"limpid/appliance/control"
	"limpid/appliance/doctor"
)

func (b *box) checks(t *testing.T) map[string]control.Check {
	t.Helper()
	time.Sleep(checkupFor) // what was read a moment ago would be told once more
	checkup, err := b.client.Doctor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	checks := map[string]control.Check{}
	for _, c := range checkup.Checks {
		checks[c.Name] = c
	}
	return checks
}

func TestDoctorKnowsWhatTheSupervisorDoes(t *testing.T) {
	b := newBox(t)
	b.run(t)
	s := b.await(t, "inline", isInline)
	checks := b.checks(t)
	for _, name := range []string{"supervisor", "gate", "proxy", "web", "health", "listener", "slots", "storage", "reports"} {
		if checks[name].Verdict != control.HealthOK {
			t.Errorf("%+v", checks[name])
		}
	}
	if err := syscall.Kill(s.Proxy.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	b.await(t, "inline again", func(now control.Status) bool { return isInline(now) && now.Proxy.Restarts == 1 })
	if c := b.checks(t)["proxy"]; c.Verdict != control.HealthWarn || !strings.Contains(c.Finding, "started again") {
		t.Errorf("after a restart: %+v", c)
	}
	if _, err := b.client.SetBypass(t.Context(), true, 0); err != nil {
		t.Fatal(err)
	}
	// An order is seen at once, whatever was read a moment ago.
	checkup, err := b.client.Doctor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if c := checkup.Checks[len(checkup.Checks)-1]; c.Name != "capture" || c.Verdict != control.HealthWarn || !strings.Contains(c.Finding, "ordered") {
		t.Errorf("in bypass: %+v", c)
	}
}

func TestExplainOverTheSocket(t *testing.T) {
	b := newBox(t)
	b.run(t)
	b.await(t, "inline", isInline)
	q := control.FlowQuestion{Client: netip.MustParseAddr("192.0.2.7"), Server: netip.MustParseAddr("198.51.100.1"), Port: 80}
	if a, err := b.client.Explain(t.Context(), q); err != nil || a.Captured != control.CapturedYes || a.Client != q.Client {
		t.Errorf("%+v, %v", a, err)
	}
	q.Port = 81
	if a, err := b.client.Explain(t.Context(), q); err != nil || a.Captured != control.CapturedNo || !strings.Contains(a.Answer, "81") {
		t.Errorf("%+v, %v", a, err)
	}
}

// However often somebody looks, counts are compared with those of ten seconds ago or
// more: in less, a quiet wire looks like a dead one.
func TestLooksAreComparedFarApart(t *testing.T) {
	begun := time.Now()
	at := func(d time.Duration) doctor.Counts { return doctor.Counts{At: begun.Add(d)} }
	l := looks{older: at(0), newer: at(0)}
	for _, c := range []struct{ now, before time.Duration }{
		{time.Second, 0}, {9 * time.Second, 0}, {12 * time.Second, 0}, {13 * time.Second, 0}, {21 * time.Second, 0},
		{22 * time.Second, 12 * time.Second}, {23 * time.Second, 12 * time.Second}, {time.Hour, 22 * time.Second}, {time.Hour + time.Second, 22 * time.Second},
	} {
		if got := l.compared(at(c.now)).At.Sub(begun); got != c.before {
			t.Errorf("a look after %v is compared with that after %v, want %v", c.now, got, c.before)
		}
	}
}

package supervise

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"limpid/appliance/child"
	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/appliance/doctor"
	"limpid/appliance/ladder"
	"limpid/appliance/link"
	"limpid/appliance/packets"
)

// testLadder is a process that makes ladders: what it does stands in the name of its device.
func testLadder() error {
	if err := child.Adopt(child.LadderIPv6FD); err != nil {
		return err
	}
	if err := child.Confine(); err != nil {
		return err
	}
	conn, err := link.Open(child.LinkFD)
	if err != nil {
		return err
	}
	var s ladder.Settings
	if err := conn.ReadSettings(&s); err != nil {
		return err
	}
	go func() { _ = conn.Run(nil) }()
	result := control.LadderResult{Captured: control.CapturedNo, From: netip.MustParseAddrPort("192.0.2.1:1"), To: netip.MustParseAddrPort("192.0.2.2:80"), Frames: 3}
	switch s.Devices[0].Name {
	case "crash":
		return errors.New("a bug in the ladder")
	case "hang":
		select {}
	case "lie":
		for range 300 {
			result.Findings = append(result.Findings, control.LadderStep{Verdict: "burns", Text: "\x1b[2J\n\xff" + strings.Repeat("x", 3000)})
			result.Rungs = append(result.Rungs, control.Rung{Head: "\x00", Seen: make([]control.Sighting, 50)})
		}
	}
	return conn.Call(context.Background(), child.MethodLadder, result, nil)
}

// oracle explains ladders.
type oracle struct{}

func (oracle) explain(_ context.Context, l control.Ladder) []control.LadderStep {
	return []control.LadderStep{{Verdict: control.HealthWarn, Text: "of " + l.From.String()}}
}

// laddering is a ladderMaker that runs until the test ends.
func laddering(t *testing.T) (*ladderMaker, context.CancelFunc) {
	t.Helper()
	m := (&Supervisor{Options: Options{Log: slog.New(slog.DiscardHandler), Program: "/proc/self/exe", Arguments: func(name string) []string { return []string{name} }, Env: os.Environ()}}).newLadderMaker()
	open := func() (int, error) { return unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0) }
	m.open = func(packets.Filter) (int, error) { return open() }
	m.layer = func(packets.Filter, packets.Layer) (int, error) { return open() }
	m.people = oracle{}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { m.run(ctx) })
	end := func() { cancel(); wg.Wait() }
	t.Cleanup(end)
	return m, end
}

func waitLadder(t *testing.T, m *ladderMaker, device string) (control.Ladder, error) {
	t.Helper()
	told := ladder.Settings{For: time.Minute, Devices: []ladder.Device{{Place: control.AtClient, Name: device, Index: 1}, {Place: control.AtLoop, Name: "br0", Index: 2}}}
	return m.begin(control.LadderRequest{Who: "a test"}, told, packets.Filter{})
}

// madeLadder waits for the last one.
func madeLadder(t *testing.T, m *ladderMaker) control.Ladder {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if s := m.state(); s.Ladder != nil && !s.Ladder.Running {
			return *s.Ladder
		}
		if time.Now().After(deadline) {
			t.Fatal("it does not end")
		}
	}
}

func TestLadderIsMade(t *testing.T) {
	before := descriptors(t)
	m, end := laddering(t)
	if m.state().Ladder != nil {
		t.Error("there is one at first")
	}
	var asked []packets.Filter
	open := m.layer
	m.layer = func(f packets.Filter, of packets.Layer) (int, error) {
		asked = append(asked, f)
		return open(f, of)
	}
	l, err := waitLadder(t, m, "well")
	if err != nil || !l.Running || l.ID != 1 || l.Left < 65 || l.Left > 70 || l.Findings == nil || l.Rungs == nil {
		t.Errorf("%+v, %v", l, err)
	}
	if len(asked) != 2 || len(asked[0].Ports) != 1 || asked[0].Ports[0] != 1 {
		t.Errorf("behind the bridge the ports are heard, and not the bridge: %+v", asked)
	}
	got := madeLadder(t, m)
	if got.Captured != control.CapturedNo || got.Frames != 3 || got.Problem != "" || got.Who != "a test" || got.Verdict != control.HealthWarn || got.Findings[len(got.Findings)-1].Text != "of 192.0.2.1:1" || got.Left < 800 {
		t.Errorf("%+v", got)
	}
	if l, err := waitLadder(t, m, "hang"); err != nil || l.ID != 2 {
		t.Errorf("the next one: %+v, %v", l, err)
	}
	if _, err := waitLadder(t, m, "well"); err == nil || !strings.Contains(err.Error(), "one is being made, asked for by a test, for another ") {
		t.Errorf("a second one: %v", err)
	}
	end()
	if _, err := waitLadder(t, m, "well"); err == nil {
		t.Error("another one begins")
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors are open, before %d", after, before)
	}
}

func TestLadderThatFails(t *testing.T) {
	before := descriptors(t)
	m, end := laddering(t)
	if _, err := waitLadder(t, m, "crash"); err != nil {
		t.Fatal(err)
	}
	if got := madeLadder(t, m); !strings.Contains(got.Problem, "a bug in the ladder") || len(got.Rungs) != 0 {
		t.Errorf("%+v", got)
	}
	layer := m.layer
	m.layer = func(packets.Filter, packets.Layer) (int, error) { return -1, errors.New("open packet socket: gone") }
	if _, err := waitLadder(t, m, "well"); err == nil || err.Error() != "ladder: open packet socket: gone" {
		t.Errorf("without sockets: %v", err)
	}
	m.layer = layer
	if _, err := waitLadder(t, m, "lie"); err != nil {
		t.Fatal(err)
	}
	got := madeLadder(t, m)
	if len(got.Findings) > ladderRungs+1 || len(got.Rungs) > ladderRungs || got.Verdict != control.HealthWarn {
		t.Errorf("%d findings, %d rungs, verdict %q", len(got.Findings), len(got.Rungs), got.Verdict)
	}
	for _, f := range got.Findings {
		if len(f.Text) > ladderTexts || strings.ContainsAny(f.Text, "\x1b\n") {
			t.Fatalf("%q", f.Text)
		}
	}
	for _, r := range got.Rungs {
		if len(r.Seen) > 4 || strings.Contains(r.Head, "\x00") {
			t.Fatalf("%+v", r)
		}
	}
	end()
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors are open, before %d", after, before)
	}
}

// TestLadderIsExplained: what limpid knows stands beside what was seen.
func TestLadderIsExplained(t *testing.T) {
	now := time.Now()
	facts := doctor.Facts{At: now, Config: &config.Config{Intercept: config.Intercept{Ports: []uint16{80}}},
		Known: &doctor.Known{Status: control.Status{Mode: control.Inline}, Passed: now.Add(-200 * time.Millisecond)}}
	ends := control.LadderResult{From: netip.MustParseAddrPort("192.0.2.1:1"), To: netip.MustParseAddrPort("192.0.2.2:81"), Captured: control.CapturedNo}
	if got := reasonsOf(control.Ladder{LadderResult: ends}, facts); len(got) != 1 || !strings.Contains(got[0].Text, "port 81 is not among those intercepted (80)") || got[0].Mend == "" {
		t.Errorf("%+v", got)
	}
	ends.To = netip.MustParseAddrPort("192.0.2.2:80")
	if got := reasonsOf(control.Ladder{LadderResult: ends}, facts); len(got) != 1 || got[0].Verdict != control.HealthUnknown || !strings.Contains(got[0].Text, "VLAN") {
		t.Errorf("%+v", got)
	}
	ends.Rungs = []control.Rung{{From: control.EndServer, To: control.EndClient}}
	if got := reasonsOf(control.Ladder{LadderResult: ends}, facts); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	if got := ownRequest(facts); got.Verdict != control.HealthOK || !strings.Contains(got.Text, "answered 0.2 s before") || !strings.Contains(got.Text, "none of the three places") {
		t.Errorf("%+v", got)
	}
	facts.Known.Failure = "no answer"
	if got := ownRequest(facts); got.Verdict != control.HealthWarn || !strings.Contains(got.Text, "failed: no answer") {
		t.Errorf("%+v", got)
	}
	facts.Known = nil
	if got := ownRequest(facts); got.Verdict != control.HealthWarn || !strings.Contains(got.Text, "never") {
		t.Errorf("%+v", got)
	}
	for want, r := range map[string]control.LadderRequest{
		"In 10s nobody has opened a connection to any server, an intercepted port, by the clients' port.": {For: control.Duration(10 * time.Second)},
		"In 1s 192.0.2.1 has opened no connection to 192.0.2.2, port 8080, by the clients' port.":         {Client: netip.MustParseAddr("192.0.2.1"), Server: netip.MustParseAddr("192.0.2.2"), Port: 8080, For: control.Duration(time.Second)},
	} {
		if got := noneBegan(control.Ladder{LadderRequest: r}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

package wire

import (
	"context"
	"encoding/json"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"limpid/appliance/control"
	"limpid/test/lab"
)

// settling is how long the threads of a process may go on after it was told to stand
// still: what is begun in that time may be taken by one of them, and hang with it.
const settling = 100 * time.Millisecond

// drilled runs `limpid drill` to its end.
func drilled(t *testing.T, p *lab.Limpid, args ...string) control.Drill {
	t.Helper()
	out, err := p.Run(t.Context(), append([]string{"drill", "--json"}, args...)...)
	must(t, err)
	var d control.Drill
	must(t, json.Unmarshal(out, &d))
	t.Logf("%s", out)
	return d
}

// TestDrill has limpid break its own proxy under a stream of new connections: each one
// begun after the blow succeeds, and what limpid measured agrees with its status.
func TestDrill(t *testing.T) {
	for _, blow := range []control.Blow{control.KillProxy, control.HangProxy} {
		t.Run(string(blow), func(t *testing.T) {
			l, p := inline(t, basic)
			origin(t, l.S1)
			origin(t, l.S2)
			held := dial(t, l.C2, "10.77.0.101:80")
			get(t, held, 1000)
			before := status(t, p)
			targets := []string{"10.77.0.101:80", "10.80.0.2:80"}
			var turn atomic.Uint32
			load := lab.Load{
				Rate: rate(), Timeout: 8 * time.Second, Do: lab.Get("/bytes/2000"),
				Dial: func(ctx context.Context) (*net.TCPConn, error) {
					return l.C1.Dial(ctx, "tcp", "", targets[turn.Add(1)%2])
				},
			}.Start(t.Context())
			eventually(t, "the load to be captured", func() bool { return status(t, p).Flows.Captured >= before.Flows.Captured+uint64(rate()/10) })
			d := drilled(t, p, "--blow", string(blow))
			time.Sleep(500 * time.Millisecond) // some more, through the new proxy
			report := load.Stop()
			after := status(t, p)

			struck := d.Struck
			if blow == control.HangProxy {
				struck = struck.Add(settling)
			}
			since := report.Since(struck)
			t.Logf("%d connections begun after the blow, slowest %v", since.Count(), since.Slowest())
			if err := since.Err(); err != nil || since.Count() == 0 {
				t.Errorf("of %d begun after the blow %d failed: %v", since.Count(), since.Failures(), err)
			}
			judge(t, d, blow, before, after)
			must(t, held.SetReadDeadline(time.Now().Add(5*time.Second)))
			if _, err := held.Read(make([]byte, 1)); err == nil || isTimeout(err) || d.Cut == 0 {
				t.Errorf("a connection that the proxy held: %v; %d were cut", err, d.Cut)
			}
			if again := drilled(t, p, "--last"); again.Number != d.Number || *again.GapMS != *d.GapMS || again.Bridged != d.Bridged {
				t.Errorf("kept is %+v", again)
			}
		})
	}
}

// judge holds a drill's figures to the status before and after it.
func judge(t *testing.T, d control.Drill, blow control.Blow, before, after lab.Status) {
	t.Helper()
	if d.Number != 1 || d.Blow != blow || d.Running || d.Problem != "" || d.Reason == "" {
		t.Errorf("%+v", d)
	}
	if d.NoticedMS == nil || d.BypassMS == nil || d.InlineMS == nil || d.GapMS == nil {
		t.Fatalf("not all was measured: %+v", d)
	}
	if *d.NoticedMS > *d.BypassMS || *d.BypassMS > *d.InlineMS {
		t.Errorf("noticed after %d ms, bypass after %d, inline after %d", *d.NoticedMS, *d.BypassMS, *d.InlineMS)
	}
	if after.Mode != "inline" || after.Proxy.Restarts != before.Proxy.Restarts+1 || after.Proxy.PID == before.Proxy.PID || after.Gate != before.Gate {
		t.Errorf("before %s\nafter %s", before.Raw, after.Raw)
	}
	if float64(*d.GapMS) != after.LastGap {
		t.Errorf("the gap is %d ms, and %v in the status", *d.GapMS, after.LastGap)
	}
	captured, bridged := after.Flows.Captured-before.Flows.Captured, after.Flows.Bridged-before.Flows.Bridged
	if d.Captured > captured || d.Bridged > bridged || d.Carried > captured {
		t.Errorf("%d captured, %d carried and %d bridged in the drill; %d and %d in all", d.Captured, d.Carried, d.Bridged, captured, bridged)
	}
	// Connections are bridged while the drill lasts, and at no other time.
	if !slow() && d.Bridged != bridged {
		t.Errorf("%d bridged in the drill, %d in all", d.Bridged, bridged)
	}
	// A killed proxy is back in milliseconds, in which nobody may have begun one.
	if !slow() && blow == control.HangProxy && d.Bridged == 0 {
		t.Error("none was bridged while the proxy hung")
	}
}

// TestDrillIsRefused: what is not captured cannot be tested.
func TestDrillIsRefused(t *testing.T) {
	_, p := inline(t, basic)
	before := status(t, p)
	bypass(t, p)
	_, err := p.Run(t.Context(), "drill")
	if err == nil || !strings.Contains(err.Error(), "limpid drill: a bypass is ordered") {
		t.Errorf("during a bypass: %v", err)
	}
	unbypass(t, p)
	if after := status(t, p); after.Proxy != before.Proxy {
		t.Errorf("it was struck all the same: %s", after.Raw)
	}
}

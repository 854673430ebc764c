package supervise

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"limpid/appliance/control"
)

// drilled strikes, and waits for the end of the drill.
func (b *box) drilled(t *testing.T, blow control.Blow) control.Drill {
	t.Helper()
	all, err := b.client.BeginDrill(t.Context(), control.DrillRequest{Blow: blow, Who: "a test"})
	if err != nil {
		t.Fatal(err)
	}
	if !all.Drills[0].Running || all.Refused != errDrillRuns.Error() {
		t.Errorf("as it begins: %+v", all)
	}
	for deadline := time.Now().Add(20 * time.Second); all.Drills[0].Running; time.Sleep(5 * time.Millisecond) {
		if all, err = b.client.Drills(t.Context()); err != nil || time.Now().After(deadline) {
			t.Fatalf("%+v, %v\n%s", all, err, b.log)
		}
	}
	return all.Drills[0]
}

func TestDrillMeasuresTheGap(t *testing.T) {
	sameGoroutines(t)
	// Whichever is first: that the process has ended, or a check that was under way.
	for blow, reasons := range map[control.Blow][]string{control.KillProxy: {"a drill", "health check"}, control.HangProxy: {"health check"}} {
		t.Run(string(blow), func(t *testing.T) {
			b := newBox(t)
			b.run(t)
			before := b.await(t, "inline", isInline)
			d := b.drilled(t, blow)
			after := b.await(t, "inline again", isInline)
			if d.Number != 1 || d.Blow != blow || d.Who != "a test" || d.Problem != "" || !slices.ContainsFunc(reasons, func(r string) bool { return strings.Contains(d.Reason, r) }) {
				t.Errorf("%+v", d)
			}
			if d.NoticedMS == nil || d.BypassMS == nil || d.InlineMS == nil || d.GapMS == nil {
				t.Fatalf("not all was measured: %+v", d)
			}
			if *d.NoticedMS > *d.BypassMS || *d.BypassMS > *d.InlineMS {
				t.Errorf("out of order: noticed %d, bypass %d, inline %d", *d.NoticedMS, *d.BypassMS, *d.InlineMS)
			}
			if after.LastGapMS != *d.GapMS || after.Proxy.Restarts != before.Proxy.Restarts+1 || after.Proxy.PID == before.Proxy.PID {
				t.Errorf("gap %d; status before %+v, after %+v", *d.GapMS, before, after)
			}
			if blow == control.KillProxy && after.Proxy.LastExit != "was killed: a drill" {
				t.Errorf("last exit %q", after.Proxy.LastExit)
			}
		})
	}
}

func TestDrillIsRefused(t *testing.T) {
	b := newBox(t)
	b.run(t)
	b.await(t, "inline", isInline)
	if _, err := b.client.SetBypass(t.Context(), true, 0); err != nil {
		t.Fatal(err)
	}
	_, err := b.client.BeginDrill(t.Context(), control.DrillRequest{})
	if err == nil || !strings.Contains(err.Error(), "a bypass is ordered") {
		t.Errorf("during a bypass: %v", err)
	}
	if all, err := b.client.Drills(t.Context()); err != nil || !strings.Contains(all.Refused, "a bypass is ordered") || len(all.Drills) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err := b.client.SetBypass(t.Context(), false, 0); err != nil {
		t.Fatal(err)
	}
	before := b.await(t, "inline", isInline)
	// A proxy that hangs takes a second, in which a second drill has to wait.
	if _, err := b.client.BeginDrill(t.Context(), control.DrillRequest{Blow: control.HangProxy}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.client.BeginDrill(t.Context(), control.DrillRequest{}); err == nil || !strings.Contains(err.Error(), "another drill runs") {
		t.Errorf("during a drill: %v", err)
	}
	// An order ends it.
	if _, err := b.client.SetBypass(t.Context(), true, 0); err != nil {
		t.Fatal(err)
	}
	var all control.Drills
	for deadline := time.Now().Add(20 * time.Second); len(all.Drills) == 0 || all.Drills[0].Running; time.Sleep(5 * time.Millisecond) {
		if all, err = b.client.Drills(t.Context()); err != nil || time.Now().After(deadline) {
			t.Fatalf("%+v, %v", all, err)
		}
	}
	if d := all.Drills[0]; d.Number != 1 || !strings.Contains(d.Problem, "ordered by the operator") || d.InlineMS != nil {
		t.Errorf("%+v", d)
	}
	b.await(t, "restarted", func(s control.Status) bool { return s.Proxy.Restarts == before.Proxy.Restarts+1 })
}

// firmware is what an updater says of it.
type firmware struct {
	control.Updater
	mu      sync.Mutex
	healthy bool
}

func (f *firmware) Update(context.Context) (control.Update, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return control.Update{Slots: true, Healthy: f.healthy}, nil
}

// New firmware whose proxy ends while it is judged is not kept: a drill has to wait.
func TestDrillWaitsForTheJudgement(t *testing.T) {
	b := newBox(t)
	f := &firmware{}
	b.options.Updates = f
	b.run(t)
	before := b.await(t, "inline", isInline)
	_, err := b.client.BeginDrill(t.Context(), control.DrillRequest{})
	all, lerr := b.client.Drills(t.Context())
	if err == nil || err.Error() != errJudged.Error() || lerr != nil || all.Refused != errJudged.Error() {
		t.Errorf("while it is judged: %v; %+v, %v", err, all, lerr)
	}
	if s := b.await(t, "inline", isInline); s.Proxy.PID != before.Proxy.PID {
		t.Error("it was struck all the same")
	}
	f.mu.Lock()
	f.healthy = true
	f.mu.Unlock()
	if d := b.drilled(t, control.KillProxy); d.Problem != "" {
		t.Errorf("%+v", d)
	}
}

// As many as are kept, and no more, the newest first.
func TestDrillsAreBounded(t *testing.T) {
	var past []control.Drill
	for n := range keptDrills + 3 {
		past = keep(past, control.Drill{Number: n + 1})
	}
	if len(past) != keptDrills || past[0].Number != keptDrills+3 || past[keptDrills-1].Number != 4 {
		t.Errorf("%+v", past)
	}
}

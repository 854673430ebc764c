package boot

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// newBox makes a Box that has nothing of a machine.
func newBox(t *testing.T) *Box {
	t.Helper()
	b := &Box{journal: newJournal(), end: make(chan Ending, 1), changed: make(chan struct{}, 1), buttons: map[string]bool{}}
	b.log = newLog(b.journal)
	b.state = newState(t.TempDir(), b.log)
	b.feeder = newFeeder(b.log)
	return b
}

// The wire comes before anything that touches a disk, and before the proxy.
func TestOrderOfPhases(t *testing.T) {
	var names []string
	for _, p := range Phases() {
		if slices.Contains(names, p.Name) || p.Limit <= 0 || p.Run == nil {
			t.Errorf("phase %q is there twice, or has no limit, or does nothing", p.Name)
		}
		names = append(names, p.Name)
	}
	at := func(name string) int {
		i := slices.Index(names, name)
		if i < 0 {
			t.Fatalf("no phase %q", name)
		}
		return i
	}
	for _, order := range []string{
		"mounts modules nics bridge disk data config ports supervise", "bridge clock", "bridge console", "bridge entropy", "watchdog modules", "late watchdog bridge",
	} {
		last := -1
		for _, name := range splitNames(order) {
			if at(name) <= last {
				t.Errorf("%s comes too soon for %q", name, order)
			}
			last = at(name)
		}
	}
}

// splitNames splits words, of which "late watchdog" is one.
func splitNames(text string) []string {
	var names []string
	for w := range strings.FieldsSeq(strings.ReplaceAll(text, "late watchdog", "late_watchdog")) {
		names = append(names, strings.ReplaceAll(w, "_", " "))
	}
	return names
}

// A phase that fails, one that panics for everybody to see, and one that hangs do
// not keep the next from its turn.
func TestNothingKeepsBoot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t)
		hang, reached := make(chan struct{}), false
		b.sequence(t.Context(), []Phase{
			{"fails", time.Second, func(context.Context, *Box) error { return errors.New("broken: mend it") }},
			{"hangs", time.Second, func(context.Context, *Box) error { <-hang; return nil }},
			{"listens", time.Second, func(ctx context.Context, _ *Box) error { <-ctx.Done(); return ctx.Err() }},
			{"last", time.Second, func(context.Context, *Box) error { reached = true; return nil }},
		})
		told := b.told()
		if !reached || len(told.Phases) != 4 || told.Phase != "" {
			t.Errorf("boot ended so: %+v", told)
		}
		var problems []string
		for _, p := range told.Phases {
			problems = append(problems, p.Problem)
		}
		want := []string{"broken: mend it", "wait for phase hangs: it takes too long and was left behind", "context deadline exceeded", ""}
		if !slices.Equal(problems, want) {
			t.Errorf("problems %q, want %q", problems, want)
		}
		if len(told.Alarms) != 3 || told.Alarms[0].About != "fails" {
			t.Errorf("alarms %+v", told.Alarms)
		}
		close(hang)
		synctest.Wait()
	})
}

func TestPanicIsFatal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t)
		b.sequence(t.Context(), []Phase{{"panics", time.Second, func(context.Context, *Box) error { panic("ouch") }}})
		select {
		case e := <-b.end:
			if !e.Fatal || e.Kind != Reboot || e.Why != "phase panics: panic: ouch" {
				t.Errorf("%+v", e)
			}
		default:
			t.Error("the box goes on")
		}
		if !strings.Contains(string(b.journal.content()), "boot.TestPanicIsFatal") {
			t.Error("nobody is told where")
		}
	})
}

func TestFirstEndCounts(t *testing.T) {
	b := newBox(t)
	b.request(Ending{Kind: PowerOff, Why: "first"})
	b.request(Ending{Kind: Reboot, Why: "second"})
	if e := <-b.end; e.Kind != PowerOff || e.Why != "first" {
		t.Errorf("%+v", e)
	}
}

func TestEndIsBounded(t *testing.T) {
	var total time.Duration
	var names []string
	for _, s := range endSteps() {
		if s.limit <= 0 {
			t.Errorf("step %s has no limit", s.name)
		}
		total += s.limit
		names = append(names, s.name)
	}
	if total > time.Minute {
		t.Errorf("an end may take %v", total)
	}
	if names[0] != "bypass" || slices.Index(names, "sync") > slices.Index(names, "unmount") || slices.Index(names, "log") > slices.Index(names, "sync") {
		t.Errorf("steps in this order: %q", names)
	}
	synctest.Test(t, func(t *testing.T) {
		b, hang := newBox(t), make(chan struct{})
		if err := b.endStep(endStep{"hangs", time.Second, func(*Box, Ending) error { <-hang; return nil }}, Ending{}); !errors.Is(err, errLate) {
			t.Error(err)
		}
		if err := b.endStep(endStep{"panics", time.Second, func(*Box, Ending) error { panic("ouch") }}, Ending{}); err == nil || err.Error() != "panic: ouch" {
			t.Error(err)
		}
		close(hang)
		synctest.Wait()
	})
}

func TestAlarms(t *testing.T) {
	b := newBox(t)
	b.alarm("data", errors.New("one\ntwo"))
	b.alarm("data", errors.New("one\ntwo")) // again
	b.alarm("disk", errors.New("three"))
	b.alarm("data", errors.New("four"))
	if a := b.told().Alarms; len(a) != 2 || a[0].Text != "four" || a[1].Text != "three" {
		t.Errorf("%+v", a)
	}
	if n := strings.Count(string(b.journal.content()), "about=data"); n != 2 {
		t.Errorf("logged %d times", n)
	}
	b.alarm("data", nil)
	b.alarm("other", nil)
	if a := b.told().Alarms; len(a) != 1 || a[0].About != "disk" {
		t.Errorf("%+v", a)
	}
}

func TestJournalKeepsTheNewest(t *testing.T) {
	j := newJournal()
	path := t.TempDir() + "/log"
	if err := j.openFile(path); err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	lines := make(chan string)
	go func() { text, _ := io.ReadAll(r); lines <- string(text) }()
	j.note("before")
	j.show(w, true)
	j.note("shown")
	j.leaveConsoles()
	j.note("not shown")
	if got := <-lines; got != "before\nshown\n" {
		t.Errorf("console has %q", got)
	}
	for range 3 * journalSize / 100 {
		j.note(strings.Repeat("x", 99))
	}
	if text := j.content(); len(text) != journalSize || strings.Contains(string(text), "before") {
		t.Errorf("%d bytes in memory", len(text))
	}
}

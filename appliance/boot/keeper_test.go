package boot

import (
	"context"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"limpid/appliance/reap"
)

func TestWaitsBetweenStarts(t *testing.T) {
	var waits []time.Duration
	wait := time.Duration(0)
	for range 9 {
		wait = nextWait(wait, time.Second)
		waits = append(waits, wait)
	}
	if waits[0] != 500*time.Millisecond || waits[1] != time.Second || waits[8] != lastWait {
		t.Errorf("%v", waits)
	}
	if w := nextWait(lastWait, longLife); w != firstWait {
		t.Errorf("after a long life %v", w)
	}
}

// keep runs a keeper of a shell command until the test ends.
func keep(t *testing.T, script string) (*keeper, *journal, *atomic.Int64) {
	t.Helper()
	j, starts := newJournal(), new(atomic.Int64)
	k := &keeper{name: "test", output: j, reaper: reap.New(), log: newLog(j), again: make(chan struct{}, 1),
		command: func() *exec.Cmd { return exec.CommandContext(t.Context(), "sh", "-c", script) },
		before:  func(context.Context) { starts.Add(1) }}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { k.run(ctx) })
	t.Cleanup(func() { stop(); k.end(0); running.Wait() })
	return k, j, starts
}

func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain for ", what)
		}
	}
}

func TestKeeperStartsAgain(t *testing.T) {
	_, j, starts := keep(t, "echo word; exit 3")
	until(t, "two starts", func() bool { return starts.Load() >= 2 })
	until(t, "its words", func() bool { return strings.Count(string(j.content()), "word\n") >= 2 })
	if !strings.Contains(string(j.content()), `how="exit status 3"`) {
		t.Errorf("%s", j.content())
	}
}

func TestKeeperKillsAndRestarts(t *testing.T) {
	k, _, starts := keep(t, "exec sleep 1000")
	runs := func() bool { _, r := k.runsSince(); return r }
	until(t, "a start", runs)
	if !k.kill(10 * time.Second) {
		t.Error("it does not die")
	}
	until(t, "another start", func() bool { return starts.Load() == 2 && runs() })
	k.restart(10 * time.Second)
	until(t, "a third start", func() bool { return starts.Load() == 3 && runs() })
}

func TestKeeperEndsForGood(t *testing.T) {
	k, _, starts := keep(t, "trap '' TERM; sleep 1000 & wait; wait")
	until(t, "a start", func() bool { _, r := k.runsSince(); return r })
	k.end(100 * time.Millisecond) // it ignores SIGTERM
	until(t, "its end", func() bool { _, r := k.runsSince(); return !r })
	if starts.Load() != 1 {
		t.Errorf("started %d times", starts.Load())
	}
}

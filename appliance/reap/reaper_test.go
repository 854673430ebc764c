package reap

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// becomeInit makes this process the parent of its orphans, as process 1 is.
func becomeInit(t *testing.T) {
	t.Helper()
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) })
}

// Orphans end in crowds while commands of ours do: each command's status comes
// back right, and no orphan stays a zombie.
func TestOrphansAreReapedAndChildrenAreNot(t *testing.T) {
	becomeInit(t)
	r := New()
	ctx, stop := context.WithCancel(t.Context())
	var reaping sync.WaitGroup
	reaping.Go(func() { r.Orphans(ctx) })
	defer reaping.Wait()
	defer stop()

	var running sync.WaitGroup
	for i := range 40 {
		running.Go(func() {
			// Each leaves two orphans, one that has ended first and one that ends after.
			out, err := r.Run(exec.CommandContext(t.Context(), "sh", "-c", "(true &) ; (sleep 0.2 &) ; echo said >&2; exit "+strconv.Itoa(i)))
			if i == 0 {
				if err != nil {
					t.Errorf("status 0: %v", err)
				}
				return
			}
			failure, ok := errors.AsType[*Failure](err)
			if !ok || failure.Code() != i || !strings.HasSuffix(err.Error(), ": said") || string(out) != "said\n" {
				t.Errorf("status %d: %v, output %q", i, err, out)
			}
		})
	}
	running.Wait()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		left := children(t)
		if len(left) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("still there: %v", left)
		}
	}
}

func TestProgramThatIsNotThere(t *testing.T) {
	r := New()
	if _, err := r.Run(exec.CommandContext(t.Context(), "/nowhere/program")); !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "start /nowhere/program: ") {
		t.Error(err)
	}
}

func TestOnlyTheLastWordsAreKept(t *testing.T) {
	out, err := New().Run(exec.CommandContext(t.Context(), "sh", "-c", "yes | head -n 20000; echo end"))
	if err != nil || len(out) != maxOutput || !strings.HasSuffix(string(out), "y\nend\n") {
		t.Errorf("%d bytes, %v", len(out), err)
	}
}

// children lists the states of this process's children.
func children(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		if _, err := strconv.Atoi(e.Name()); err != nil {
			continue
		}
		text, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		if fields := strings.Fields(rest); fields[1] == strconv.Itoa(os.Getpid()) {
			found = append(found, e.Name()+" "+fields[0])
		}
	}
	return found
}

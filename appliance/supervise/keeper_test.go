package supervise

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"limpid/appliance/child"
)

// Children that are ended for their successors have those at once, however often; one that
// ends by itself is waited for longer each time.
func TestOrderedChildrenDoNotWait(t *testing.T) {
	for _, row := range []struct {
		name string
		end  func(*keeper)
		want string // in the log, once for each
		not  string
		lost int // that nobody had ordered to end
	}{
		{"restart", (*keeper).restart, "as ordered", "restart_in", 0},
		{"renew", (*keeper).renew, "as ordered", "restart_in", 0},
		{"a crash", func(k *keeper) { k.process().kill("it crashed") }, "restart_in", "as ordered", 3},
	} {
		t.Run(row.name, func(t *testing.T) {
			var log bytes.Buffer
			logger := slog.New(slog.NewTextHandler(&log, nil))
			started, lost := make(chan struct{}, 1), 0
			k := &keeper{
				name: "web", log: logger, again: make(chan struct{}),
				command: command{
					name: "web", path: "/proc/self/exe", args: []string{"limpid", "web"}, env: os.Environ(),
					user:  child.User{UID: uint32(os.Getuid()), GID: uint32(os.Getgid())},
					files: func(link int) []int { return []int{link} }, log: &lineLog{logger},
				},
				settings: func() any { return struct{}{} },
				started:  func() { started <- struct{}{} }, ended: func(string) {},
				crashed: func() { lost++ },
			}
			ctx, cancel := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() { k.run(ctx) })
			await := func() {
				t.Helper()
				select {
				case <-started:
				case <-time.After(time.Minute):
					t.Fatal("not started")
				}
			}
			await()
			for range 3 {
				row.end(k)
				await()
			}
			cancel()
			running.Wait()
			if lost != row.lost {
				t.Errorf("%d have crashed, want %d", lost, row.lost)
			}
			if got := log.String(); strings.Count(got, row.want) != 3 || strings.Contains(got, row.not) {
				t.Errorf("want %q three times and no %q in\n%s", row.want, row.not, got)
			}
		})
	}
}

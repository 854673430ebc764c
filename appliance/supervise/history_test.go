package supervise

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/proxy/scoreboard"
)

// Without a folder to keep them in, counts are in memory, and in no file beside limpid.
func TestHistoryWithoutAFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	b := newBox(t)
	b.run(t)
	b.await(t, "inline", isInline)
	if err := b.stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("history"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file is in the working directory: %v", err)
	}
}

// What is counted before the first second has passed is in the history too.
func TestHistoryBeginsBeforeTraffic(t *testing.T) {
	b := newBox(t)
	board := make(chan *scoreboard.Board, 1)
	// What else runs has begun: as if a request had come at once.
	b.options.KeepAddress = func(context.Context, *config.Config, Wire, <-chan struct{}, *slog.Logger) {
		(<-board).Add(scoreboard.Requests, 1)
	}
	s := b.run(t)
	board <- s.sockets.proxyBoard
	b.await(t, "inline", isInline)
	h := b.firstSeconds(t)
	var requests uint64
	for _, p := range h.Points {
		requests += p.Counts[slices.Index(h.Names, "requests")]
	}
	if requests != 1 {
		t.Errorf("%d requests in %+v, want 1", requests, h)
	}
}

// firstSeconds is the history once it has three points.
func (b *box) firstSeconds(t *testing.T) control.History {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		h := b.history(t, "10m")
		if len(h.Points) >= 3 {
			return h
		}
		if time.Now().After(deadline) {
			t.Fatalf("after a while there is %+v", h)
		}
	}
}

func (b *box) history(t *testing.T, span string) control.History {
	t.Helper()
	h, err := b.client.History(t.Context(), span)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range h.Points {
		if len(p.Counts) != len(h.Names) {
			t.Fatalf("%d counts for %v", len(p.Counts), h.Names)
		}
	}
	return h
}

// Counts are there for each second that passes, and after a restart for the minutes.
func TestHistoryIsKept(t *testing.T) {
	b := newBox(t)
	b.options.Credentials = t.TempDir()
	b.runOn(t)
	seconds := b.firstSeconds(t)
	if time.Duration(seconds.Step) != time.Second || len(seconds.Names) != len(historyNames()) {
		t.Errorf("%+v", seconds)
	}
	if _, err := b.client.History(t.Context(), "1y"); err == nil {
		t.Error("a year")
	}
	minutes := b.history(t, "24h")
	if err := b.stop(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(b.options.Credentials, "history"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	b.runOn(t)
	if back := b.history(t, "24h"); len(back.Points) < len(minutes.Points) || !back.Points[0].At.Equal(minutes.Points[0].At) {
		t.Errorf("after a restart there is %+v, want %+v", back, minutes)
	}
}

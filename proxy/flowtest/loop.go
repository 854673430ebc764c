package flowtest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"limpid/proxy/eventloop"
)

// loopsAtOnce is how many loops the parallel tests of a package may run.
const loopsAtOnce = 64

// Loop runs an event loop until the test ends. Before the loop stops, atEnd is
// called on its goroutine, if it is not nil.
func Loop(t testing.TB, atEnd func()) *eventloop.Loop {
	t.Helper()
	eventloop.MakeRoom(loopsAtOnce)
	loop, err := eventloop.New()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- loop.Run(ctx) }()
	t.Cleanup(func() {
		if atEnd != nil {
			loop.Post(atEnd)
		}
		loop.Post(cancel)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := loop.Close(); err != nil {
			t.Error(err)
		}
	})
	return loop
}

// On runs f on the loop's goroutine and waits for it.
func On[T any](t testing.TB, loop *eventloop.Loop, f func() T) T {
	t.Helper()
	c := make(chan T, 1)
	loop.Post(func() { c <- f() })
	return Await(t, c)
}

// Await fails the test when nothing comes.
func Await[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("nothing happened for %v", patience)
		panic("unreachable")
	}
}

// Eventually waits until f is true.
func Eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not so after %v: %s", patience, what)
		}
	}
}

// Main runs the tests of a package and fails them when they leave descriptors
// or goroutines behind. A fuzzing run is not judged: testing itself leaves some.
func Main(m *testing.M) {
	flag.Parse()
	if fuzzing := flag.Lookup("test.fuzz"); fuzzing != nil && fuzzing.Value.String() != "" {
		os.Exit(m.Run())
	}
	// The runtime's own poller and wake-up stay once they are there.
	if r, w, err := os.Pipe(); err == nil {
		_, _ = r.Close(), w.Close()
	}
	descriptors, goroutines := Descriptors(), runtime.NumGoroutine()
	code := m.Run()
	for range 100 {
		if Descriptors() <= descriptors && runtime.NumGoroutine() <= goroutines {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if d, g := Descriptors(), runtime.NumGoroutine(); code == 0 && (d > descriptors || g > goroutines) {
		fmt.Fprintf(os.Stderr, "left behind: descriptors %d -> %d, goroutines %d -> %d\n", descriptors, d, goroutines, g)
		code = 1
	}
	os.Exit(code)
}

// Descriptors is how many descriptors the process has open.
func Descriptors() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		panic(err)
	}
	return len(entries)
}

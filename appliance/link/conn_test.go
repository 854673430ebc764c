package link

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ends returns both ends of a link in this process, and the raw descriptor of
// a third writer on the child's side where a test wants to misbehave.
func ends(t *testing.T) (supervisor, child *Conn) {
	t.Helper()
	supervisor, fd, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	child, err = Open(fd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = supervisor.Close(); _ = child.Close() })
	return supervisor, child
}

// run serves an end until the test is over and returns what Run returned.
func run(t *testing.T, c *Conn, handlers map[string]Handler) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() { done <- c.Run(handlers) })
	t.Cleanup(func() { _ = c.Close(); wg.Wait() })
	return done
}

func TestSettingsComeFirst(t *testing.T) {
	supervisor, child := ends(t)
	type settings struct{ Ports []int }
	if err := supervisor.SendSettings(settings{Ports: []int{80, 8000}}); err != nil {
		t.Fatal(err)
	}
	if err := supervisor.Notify("hello", 5); err != nil {
		t.Fatal(err)
	}
	var got settings
	if err := child.ReadSettings(&got); err != nil || len(got.Ports) != 2 || got.Ports[1] != 8000 {
		t.Fatalf("settings: %+v, %v", got, err)
	}
	heard := make(chan string, 1)
	run(t, child, map[string]Handler{"hello": func(p json.RawMessage) (any, error) {
		heard <- string(p)
		return nil, nil
	}})
	if got := <-heard; got != "5" {
		t.Errorf("notification carried %s, want 5", got)
	}
}

func TestBothSidesCall(t *testing.T) {
	supervisor, child := ends(t)
	double := func(p json.RawMessage) (any, error) {
		var n int
		if err := json.Unmarshal(p, &n); err != nil {
			return nil, err
		}
		return 2 * n, nil
	}
	run(t, supervisor, map[string]Handler{"double": double})
	run(t, child, map[string]Handler{"double": double})
	for name, c := range map[string]*Conn{"supervisor": supervisor, "child": child} {
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				var got int
				if err := c.Call(t.Context(), "double", i, &got); err != nil || got != 2*i {
					t.Errorf("%s: double %d is %d, %v", name, i, got, err)
				}
			})
		}
		wg.Wait()
	}
}

func TestCallErrors(t *testing.T) {
	supervisor, child := ends(t)
	run(t, supervisor, nil)
	run(t, child, map[string]Handler{
		"refuse": func(json.RawMessage) (any, error) { return nil, errors.New("not now") },
		"word":   func(json.RawMessage) (any, error) { return "one", nil },
	})
	var n int
	for method, want := range map[string]string{
		"refuse": "call refuse: not now", "absent": `call absent: no method "absent"`, "word": "decode result of word",
	} {
		if err := supervisor.Call(t.Context(), method, nil, &n); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", method, err, want)
		}
	}
}

func TestCallEndsWithContext(t *testing.T) {
	supervisor, _ := ends(t) // nobody answers
	run(t, supervisor, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := supervisor.Call(ctx, "flows", nil, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, want the context's error", err)
	}
	if n := len(supervisor.waiting); n != 0 {
		t.Errorf("%d calls are still waited for", n)
	}
}

func TestPeerDeathEndsCalls(t *testing.T) {
	supervisor, child := ends(t)
	done := run(t, supervisor, nil)
	result := make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() { result <- supervisor.Call(context.Background(), "flows", nil, nil) })
	defer wg.Wait()
	// The request is out: only now may the child die.
	if _, err := child.readLine(); err != nil {
		t.Fatal(err)
	}
	if _, err := child.conn.Write([]byte(`{"id":1,"res`)); err != nil {
		t.Fatal(err)
	}
	_ = child.Close()
	if err := <-result; !errors.Is(err, ErrClosed) {
		t.Errorf("waiting call: %v, want ErrClosed", err)
	}
	if err := <-done; err != nil {
		t.Errorf("a peer that ended is no error, got %v", err)
	}
	if err := supervisor.Call(t.Context(), "flows", nil, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("call on an ended link: %v, want ErrClosed", err)
	}
}

// The child is gone, and somebody it has begotten holds its end: what it had said is heard,
// and no more is waited for.
func TestLastWordsAreHeard(t *testing.T) {
	supervisor, child := ends(t)
	if err := child.Notify("goodbye", "now"); err != nil {
		t.Fatal(err)
	}
	supervisor.EndWithin(50 * time.Millisecond)
	var heard string
	done := run(t, supervisor, map[string]Handler{"goodbye": func(words json.RawMessage) (any, error) {
		heard = string(words)
		return struct{}{}, nil
	}})
	if err := <-done; err != nil || heard != `"now"` {
		t.Errorf("heard %q, %v", heard, err)
	}
}

func TestGarbageEndsTheLink(t *testing.T) {
	for name, send := range map[string]string{
		"no JSON":  "\x00\x01\x02\n",
		"too long": strings.Repeat("x", maxLine+8192),
	} {
		t.Run(name, func(t *testing.T) {
			supervisor, child := ends(t)
			done := run(t, supervisor, nil)
			_, _ = child.conn.Write([]byte(send)) // fails in the middle once the reader has given up
			if err := <-done; err == nil {
				t.Error("Run returned nil, want an error")
			}
		})
	}
}

func TestPeerThatDoesNotReadIsGivenUp(t *testing.T) {
	supervisor, child := ends(t)
	_ = child
	big := strings.Repeat("x", maxLine/2)
	var err error
	for range 8 {
		if err = supervisor.Notify("fill", big); err != nil {
			break
		}
	}
	if err == nil {
		t.Fatal("16 MiB went into a socket nobody reads")
	}
	if err := supervisor.Notify("more", nil); err == nil {
		t.Error("the link lives on after half a line")
	}
}

func TestOpenRefusesOtherDescriptors(t *testing.T) {
	fd, err := unix.MemfdCreate("not a socket", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(fd); err == nil {
		t.Fatal("a memfd was taken for a link")
	}
}

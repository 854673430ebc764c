package lab

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// One lab serves all: these leave nothing in it.
func TestNode(t *testing.T) {
	l := New(t)
	t.Run("there and back", func(t *testing.T) { testDoGoesThereAndBack(t, l) })
	t.Run("goexit and panic", func(t *testing.T) { testDoComesBackFromGoexitAndPanic(t, l) })
	t.Run("sockets", func(t *testing.T) { testSocketsOfANodeFromAnywhere(t, l) })
	t.Run("cancelled dial", func(t *testing.T) { testDialEndsWithItsContext(t, l) })
	t.Run("command", func(t *testing.T) { testCommandSeesItsNode(t, l) })
	t.Run("ip netns exec", func(t *testing.T) { testIPNetnsExec(t, l) })
	t.Run("cancelled command", func(t *testing.T) { testCommandEndsWithItsContext(t, l) })
	t.Run("thread of a command", func(t *testing.T) { testCommandOutlivesTheCallersThread(t, l) })
}

func here(t *testing.T) nsID {
	t.Helper()
	id, err := identify("/proc/thread-self/ns/net")
	must(t, err)
	return id
}

func testDoGoesThereAndBack(t *testing.T, l *Lab) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home := here(t)
	wrong := errors.New("wrong")
	err := l.C1.Do(func() error {
		if here(t) != l.C1.id {
			t.Error("not in c1")
		}
		must(t, l.S1.Do(func() error {
			if here(t) != l.S1.id {
				t.Error("not in s1")
			}
			return nil
		}))
		if here(t) != l.C1.id {
			t.Error("not back in c1 from s1")
		}
		return wrong
	})
	if !errors.Is(err, wrong) {
		t.Errorf("error %v, want that of the function", err)
	}
	if here(t) != home {
		t.Error("not back home")
	}
}

func testDoComesBackFromGoexitAndPanic(t *testing.T, l *Lab) {
	leave := map[string]func(){"goexit": runtime.Goexit, "panic": func() { panic("deliberate") }}
	for name, f := range leave {
		var after nsID
		var wg sync.WaitGroup
		wg.Go(func() {
			runtime.LockOSThread()
			defer func() {
				_ = recover()
				after, _ = identify("/proc/thread-self/ns/net")
			}()
			_ = l.C1.Do(func() error { f(); return nil })
		})
		wg.Wait()
		if after != here(t) {
			t.Errorf("%s left the thread in the wrong namespace", name)
		}
	}
}

func testSocketsOfANodeFromAnywhere(t *testing.T, l *Lab) {
	ln, err := l.C1.Listen(t.Context(), "tcp", "127.0.0.1:4000")
	must(t, err)
	defer ln.Close()
	// The same port is free in every other node, and nobody listens there.
	if _, err := l.C2.Dial(t.Context(), "tcp", "", "127.0.0.1:4000"); !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("dial c1's listener from c2: %v, want refused", err)
	}
	conn, err := l.C1.Dial(t.Context(), "tcp", "127.0.0.1:4001", "127.0.0.1:4000")
	must(t, err)
	defer conn.Close()
	if got := endpoint(conn.LocalAddr()).String(); got != "127.0.0.1:4001" {
		t.Errorf("local address is %s", got)
	}
	for _, bad := range []string{"nonsense", "10.0.0.1:x"} {
		if _, err := l.C1.Dial(t.Context(), "tcp", bad, "127.0.0.1:4000"); err == nil {
			t.Errorf("dial from %q succeeded", bad)
		}
	}
	if _, err := l.C1.Dial(t.Context(), "udp", "", "127.0.0.1:4000"); err == nil {
		t.Error("dialled UDP as TCP")
	}
	// A port given back is free at once, as with package net's own listeners.
	must(t, ln.Close())
	again, err := l.C1.Listen(t.Context(), "tcp", "127.0.0.1:4000")
	must(t, err)
	must(t, again.Close())
	// Both families on one listener.
	both, err := l.C1.Listen(t.Context(), "tcp", ":4002")
	must(t, err)
	defer both.Close()
	for _, a := range []string{"127.0.0.1:4002", "[::1]:4002"} {
		c, err := l.C1.Dial(t.Context(), "tcp", "", a)
		must(t, err)
		must(t, c.Close())
	}
}

func testDialEndsWithItsContext(t *testing.T, l *Lab) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err := l.C1.Dial(ctx, "tcp", "", "10.77.0.101:80")
	if op, ok := errors.AsType[*net.OpError](err); !ok || ctx.Err() == nil {
		t.Errorf("dial into the void: %v (%v)", err, op)
	}
}

func testCommandSeesItsNode(t *testing.T, l *Lab) {
	out, err := l.CR.Command(t.Context(), "sh", "-c", "ls /sys/class/net; cat /sys/class/net/eth1/address; pwd; echo oops >&2; exit 3").Output()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.ExitCode() != 3 || string(exit.Stderr) != "oops\n" {
		t.Errorf("error %v, want exit 3 and its stderr", err)
	}
	dir, err := os.Getwd()
	must(t, err)
	want := "eth0\neth1\nlo\n" + macOf(78, 1).String() + "\n" + dir + "\n"
	if string(out) != want {
		t.Errorf("output %q, want %q", out, want)
	}
	// The host's own /sys is as before.
	if _, err := os.Stat("/sys/class/net/eth1/address"); err == nil {
		if b, _ := os.ReadFile("/sys/class/net/eth1/address"); strings.TrimSpace(string(b)) == macOf(78, 1).String() {
			t.Error("cr's /sys is laid over the host's")
		}
	}
	if _, err := l.CR.Command(t.Context(), "no-such-program").CombinedOutput(); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("unknown program: %v", err)
	}
}

// People and scripts enter a node by its name.
func testIPNetnsExec(t *testing.T, l *Lab) {
	must(t, Requirements("ip"))
	out, err := exec.CommandContext(t.Context(), "ip", "netns", "exec", l.C1.Namespace(), "cat", "/sys/class/net/eth0/address").CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != macOf(77, 11).String() {
		t.Errorf("ip netns exec: %v: %s", err, out)
	}
}

func testCommandEndsWithItsContext(t *testing.T, l *Lab) {
	ctx, cancel := context.WithCancel(t.Context())
	cmd := l.C1.Command(ctx, "sleep", "1000")
	must(t, cmd.Start())
	cancel()
	if err := cmd.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("wait: %v, want killed", err)
	}
}

// Pdeathsig names the thread that started the child, so a child must not die
// with the goroutine that asked for it.
func testCommandOutlivesTheCallersThread(t *testing.T, l *Lab) {
	cmd := l.C1.Command(t.Context(), "sleep", "0.2")
	var err error
	var wg sync.WaitGroup
	wg.Go(func() {
		runtime.LockOSThread() // ends with the goroutine: never unlocked
		err = cmd.Start()
	})
	wg.Wait()
	must(t, err)
	if err := cmd.Wait(); err != nil {
		t.Errorf("child ended with %v, want success", err)
	}
}

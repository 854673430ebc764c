package console

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"limpid/appliance/control"
)

// actions notes what was asked for.
type actions struct {
	mu    sync.Mutex
	asked []string
	err   error
}

func (a *actions) note(what string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, what)
	return a.err
}

func (a *actions) said() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(a.asked, " ")
}

func (a *actions) Bypass(_ context.Context, on bool) error {
	return a.note(fmt.Sprintf("bypass=%v", on))
}
func (a *actions) Reboot() error                { return a.note("reboot") }
func (a *actions) PowerOff() error              { return a.note("off") }
func (a *actions) ResetNetwork() error          { return a.note("network") }
func (a *actions) ResetPassword() (bool, error) { return true, a.note("password") }

// person sits at the other end of a terminal.
type person struct {
	t      *testing.T
	master *os.File
	mu     sync.Mutex
	seen   strings.Builder
}

// sit makes a terminal with a console on it.
func sit(t *testing.T, dir string, a Actions) *person {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	p := &person{t: t, master: master}
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := master.Read(buffer)
			if n > 0 {
				p.mu.Lock()
				p.seen.Write(buffer[:n])
				p.mu.Unlock()
			}
			// Between two openings of the other end there is nobody to read from (EIO).
			if err != nil {
				if t.Context().Err() != nil {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		}
	}()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		err := Run(ctx, Options{Path: fmt.Sprintf("/dev/pts/%d", n), RunDir: dir, Version: "test", Actions: a, Addresses: func() []string { return nil }})
		if err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(func() { stop(); running.Wait(); master.Close() })
	return p
}

// press presses a key, and waits until the terminal shows something after it.
func (p *person) press(key, want string) {
	p.t.Helper()
	p.mu.Lock()
	before := p.seen.Len()
	p.mu.Unlock()
	if key != "" {
		if _, err := p.master.WriteString(key); err != nil {
			p.t.Fatal(err)
		}
	} else {
		before = 0
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		p.mu.Lock()
		got := p.seen.String()[before:]
		p.mu.Unlock()
		if strings.Contains(got, want) {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("key %q: waited for %q and saw %q", key, want, got)
		}
	}
}

func TestKeys(t *testing.T) {
	dir := t.TempDir()
	if err := control.WriteBox(dir, control.Box{Shell: true}); err != nil {
		t.Fatal(err)
	}
	a := &actions{}
	p := sit(t, dir, a)
	p.press("", "limpid test")
	p.press("r", "Restart the box?")
	p.press("x", "r restart") // any other key is a no
	p.press("r", "Restart the box?")
	p.press("y", "Restarting.")
	p.press("N", "Ask for the box's own address") // either case
	p.press("Y", "asks for an address by DHCP")
	p.press("p", "Forget the password")
	p.press("y", "The password is forgotten")
	p.press("o", "Switch the box off?")
	p.press("y", "Switching off.")
	if got := a.said(); got != "reboot network password off" {
		t.Errorf("asked for %s", got)
	}
	p.press("\x0c", wipe) // drawn anew
	// The shell has the terminal to itself, and what is typed there is no key.
	p.press("s", "Rescue shell.")
	p.press("echo typed-$((40+2))\n", "typed-42")
	p.press("tty | grep -q pts && echo on a te''rminal\n", "on a terminal")
	p.press("exit 3\n", "s shell")
	if got := a.said(); got != "reboot network password off" {
		t.Errorf("asked for %s", got)
	}
	a.err = os.ErrPermission
	p.press("n", "Ask for")
	p.press("y", "permission denied")
}

func TestBypassKeyNeedsASupervisor(t *testing.T) {
	for _, k := range Keys(Known{}) {
		if k.Char == 'b' || k.Char == 's' {
			t.Errorf("key %c does something", k.Char)
		}
	}
	a := &actions{}
	for _, on := range []bool{false, true} {
		k := Known{Status: &control.Status{Bypass: control.Override{On: on}}}
		if _, err := Keys(k)[0].do(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	if a.said() != "bypass=true bypass=false" {
		t.Error(a.said())
	}
}

func TestNoTerminal(t *testing.T) {
	if err := Run(t.Context(), Options{Path: t.TempDir() + "/none"}); err == nil || !strings.HasPrefix(err.Error(), "open console: ") {
		t.Error(err)
	}
	if err := Run(t.Context(), Options{Path: os.DevNull}); err == nil || !strings.HasPrefix(err.Error(), "open console /dev/null: ") {
		t.Error(err)
	}
}

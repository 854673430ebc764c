package console

import (
	"context"
	"errors"
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
func (a *actions) ResetAll() error              { return a.note("all") }

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
	p, path := newPerson(t)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		err := Run(ctx, Options{Path: path, RunDir: dir, Version: "test", Actions: a, Addresses: func() []string { return nil }})
		if err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(func() { stop(); running.Wait(); p.master.Close() })
	return p
}

// newPerson makes a terminal, with nothing on it yet.
func newPerson(t *testing.T) (p *person, path string) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	// Not by Fd, which would have reads go on after Close.
	raw, err := master.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var n int
	var unlockErr, numberErr error
	err = raw.Control(func(fd uintptr) {
		unlockErr = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0)
		n, numberErr = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
	})
	if err := errors.Join(err, unlockErr, numberErr); err != nil {
		t.Fatal(err)
	}
	p = &person{t: t, master: master}
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
				if t.Context().Err() != nil || errors.Is(err, os.ErrClosed) {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		}
	}()
	return p, fmt.Sprintf("/dev/pts/%d", n)
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
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
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

// redraw has the screen drawn anew, which shows that what came before was acted on. A
// key that follows noise too soon is lost, so it is pressed until it works.
func (p *person) redraw() {
	p.t.Helper()
	p.mu.Lock()
	before := p.seen.Len()
	p.mu.Unlock()
	for range 100 {
		if _, err := p.master.WriteString("\x0c"); err != nil {
			p.t.Fatal(err)
		}
		for range 50 {
			time.Sleep(10 * time.Millisecond)
			p.mu.Lock()
			got := p.seen.String()[before:]
			p.mu.Unlock()
			if strings.Contains(got, wipe) {
				return
			}
		}
	}
	p.t.Fatal("never drawn anew")
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
	p.press("f", "Forget all settings")
	p.press("n", "r restart")
	p.press("f", "Forget all settings")
	p.press("y", "Factory reset:")
	p.press("o", "Switch the box off?")
	p.press("y", "Switching off.")
	if got := a.said(); got != "reboot network password all off" {
		t.Errorf("asked for %s", got)
	}
	p.press("\x0c", wipe) // drawn anew
	// The shell has the terminal to itself, and what is typed there is no key.
	p.press("s", "Rescue shell.")
	p.press("echo typed-$((40+2))\n", "typed-42")
	p.press("tty | grep -q pts && echo on a te''rminal\n", "on a terminal")
	p.press("exit 3\n", "s shell")
	if got := a.said(); got != "reboot network password all off" {
		t.Errorf("asked for %s", got)
	}
	a.err = os.ErrPermission
	p.press("n", "Ask for")
	p.press("y", "permission denied")
}

// What comes in several bytes at once is no key: an arrow, which ends in a letter that
// is one, a paste, or a machine that talks at the other end of the line.
func TestNoiseIsNoKey(t *testing.T) {
	dir := t.TempDir()
	if err := control.WriteBox(dir, control.Box{Shell: true}); err != nil {
		t.Fatal(err)
	}
	a := &actions{}
	p := sit(t, dir, a)
	p.press("", "r restart")
	for _, noise := range []string{"\x1b[B", "\x1bOP", "memory: ready, yes\r\n", "ry", "oy", strings.Repeat("sry\n", 1000)} {
		p.press("r", "Restart the box?")
		p.press(noise, "r restart") // and whatever it was, it is not a yes
		if _, err := p.master.WriteString(noise); err != nil {
			t.Fatal(err)
		}
		p.redraw()
	}
	// A terminal that sends lines.
	p.press("r\r\n", "Restart the box?")
	p.press("y\r", "Restarting.")
	if got := a.said(); got != "reboot" {
		t.Errorf("asked for %s", got)
	}
}

// Each shell has the terminal to itself, not only the first one.
func TestShellAfterShell(t *testing.T) {
	dir := t.TempDir()
	if err := control.WriteBox(dir, control.Box{Shell: true}); err != nil {
		t.Fatal(err)
	}
	a := &actions{}
	p := sit(t, dir, a)
	p.press("", "s shell")
	for i := range 2 {
		p.press("s", "Rescue shell.")
		// Each letter would be a key.
		for _, letter := range fmt.Sprintf("echo rn-$((%d+2))-nr", 40+i) {
			if _, err := p.master.WriteString(string(letter)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * quiet)
		}
		p.press("\n", fmt.Sprintf("rn-%d-nr", 42+i))
		p.press("exit\n", "s shell")
		p.press("r", "Restart the box?")
		p.press("n", "s shell")
	}
	if got := a.said(); got != "" {
		t.Errorf("asked for %s", got)
	}
}

// A terminal that is unplugged ends the console: who keeps it opens it anew.
func TestTerminalThatIsGone(t *testing.T) {
	p, path := newPerson(t)
	ended := make(chan error, 1)
	go func() {
		ended <- Run(t.Context(), Options{Path: path, RunDir: t.TempDir(), Actions: &actions{}, Addresses: func() []string { return nil }})
	}()
	p.press("", "STARTING")
	p.master.Close()
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "console: ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v", err)
		}
	case <-time.After(time.Minute):
		t.Error("it goes on without a terminal")
	}
}

// On a host, process 1 is not limpid's to be asked.
func TestNoKeysForProcess1OfAHost(t *testing.T) {
	for _, k := range Keys(Known{Status: &control.Status{}}) {
		if k.Char != 'b' {
			t.Errorf("key %c does something", k.Char)
		}
	}
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

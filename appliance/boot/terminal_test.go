package boot

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// line is a terminal: what is written to path can be read from it.
func line(t *testing.T) (master *os.File, path string) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
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
	return master, fmt.Sprintf("/dev/pts/%d", n)
}

// readUntil reads from a terminal until it has shown want.
func readUntil(t *testing.T, master *os.File, want string) string {
	t.Helper()
	var seen strings.Builder
	buffer := make([]byte, 4096)
	for deadline := time.Now().Add(time.Minute); !strings.Contains(seen.String(), want); {
		if time.Now().After(deadline) {
			t.Fatalf("waited for %q and saw %q", want, seen.String())
		}
		// Where nobody has the other end open it is an error for as long as that lasts.
		if err := master.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := master.Read(buffer)
		seen.Write(buffer[:n])
		if err != nil {
			time.Sleep(10 * time.Millisecond)
		}
	}
	return seen.String()
}

// What was written is shown to its end and in order before the console is another's.
func TestConsoleIsLeftWhenAllIsShown(t *testing.T) {
	master, path := line(t)
	c, err := openTerminal(path)
	if err != nil {
		t.Fatal(err)
	}
	const lines = 300 // 9 KiB, more than the kernel holds for a terminal
	left := make(chan error, 1)
	go func() {
		for i := range lines {
			fmt.Fprintf(c, "line %03d of what was logged\n", i)
		}
		left <- c.Close()
	}()
	seen := readUntil(t, master, fmt.Sprintf("line %03d", lines-1))
	for i := range lines {
		if !strings.Contains(seen, fmt.Sprintf("line %03d", i)) {
			t.Fatalf("line %d is missing", i)
		}
	}
	if err := <-left; err != nil {
		t.Error(err)
	}
	select {
	case <-c.left:
	case <-time.After(time.Minute):
		t.Error("it was not let go of")
	}
}

// A line that stands still holds nobody up: not who logs, nor who wants the console.
func TestConsoleThatStandsStill(t *testing.T) {
	master, path := line(t)
	c, err := openTerminal(path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 10 * terminalLines {
			fmt.Fprintln(c, strings.Repeat("x", 1<<10)) // what is queued is far more than the kernel holds
		}
		_ = c.Close()
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("it is waited for")
	}
	select {
	case <-c.left:
		t.Error("all was shown, with nobody to read it")
	default:
	}
	// Unplugged: nothing is left behind.
	master.Close()
	select {
	case <-c.left:
	case <-time.After(time.Minute):
		t.Error("it is still held")
	}
}

// When a session ends its terminal is hung up for everybody. The log goes on there.
func TestConsoleThatIsHungUp(t *testing.T) {
	master, path := line(t)
	c, err := openTerminal(path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintln(c, "before")
	readUntil(t, master, "before")
	tty, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	shell := exec.CommandContext(t.Context(), "/bin/sh", "-c", "echo session; exit 0")
	shell.Stdin, shell.Stdout, shell.Stderr = tty, tty, tty
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := errors.Join(shell.Run(), tty.Close()); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(c, "behind")
	readUntil(t, master, "behind")
}

package packets

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// locked, in the environment, has the test binary try what a locked process may do.
const locked = "LIMPID_TEST_LOCKED"

func TestMain(m *testing.M) {
	if os.Getenv(locked) == "" {
		os.Exit(m.Run())
	}
	if err := tryLocked(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// tryLocked has one end of a pair stand for the packet socket.
func tryLocked() error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return err
	}
	socket, other := pair[0], pair[1]
	source := os.NewFile(uintptr(socket), "socket")
	second, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return err
	}
	threads, err := statuses()
	if err != nil {
		return err
	}
	if err := Lock(socket, second[0]); err != nil {
		return err
	}
	for _, status := range threads {
		text := make([]byte, 4096)
		n, err := status.Read(text)
		if err != nil || !strings.Contains(string(text[:n]), "NoNewPrivs:\t1\n") {
			return fmt.Errorf("%s: %w: %s", status.Name(), err, text[:n])
		}
	}
	byte1 := []byte("x")
	for name, try := range map[string]func() error{
		"write":      func() error { _, err := unix.Write(socket, byte1); return err },
		"write 2":    func() error { _, err := unix.Write(second[0], byte1); return err },
		"writev":     func() error { _, err := unix.Writev(socket, [][]byte{byte1}); return err },
		"send":       func() error { return unix.Send(socket, byte1, 0) },
		"sendmsg":    func() error { return unix.Sendmsg(socket, byte1, nil, nil, 0) },
		"splice":     func() error { _, err := unix.Splice(other, nil, socket, nil, 1, 0); return err },
		"sendfile":   func() error { _, err := unix.Sendfile(socket, other, nil, 1); return err },
		"dup":        func() error { _, err := unix.Dup(socket); return err },
		"dup3":       func() error { return unix.Dup3(socket, 50, 0) },
		"fcntl":      func() error { _, err := unix.FcntlInt(uintptr(socket), unix.F_DUPFD, 50); return err },
		"setsockopt": func() error { return unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_RCVBUF, 1<<20) },
		"bind":       func() error { return unix.Bind(socket, &unix.SockaddrUnix{}) },
		"open":       func() error { _, err := unix.Open("/dev/null", unix.O_RDONLY, 0); return err },
		"socket":     func() error { _, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0); return err },
		"exec":       func() error { return unix.Exec("/bin/true", nil, nil) },
		"ptrace":     func() error { return unix.PtraceAttach(os.Getppid()) },
		"kill":       func() error { return unix.Kill(os.Getppid(), 0) },
		"mount":      func() error { return unix.Mount("", "/", "", 0, "") },
		"uring": func() error {
			_, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 1, 0, 0)
			return errno
		},
	} {
		if err := try(); !errors.Is(err, unix.EPERM) {
			return fmt.Errorf("%s ends with %w, not with EPERM", name, err)
		}
	}
	// What is needed still works: the runtime's threads, timers and memory, and reading.
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			runtime.LockOSThread()
			time.Sleep(time.Millisecond)
			_ = make([]byte, 8<<20)
		})
	}
	wg.Wait()
	runtime.GC()
	if _, err := unix.Write(second[1], byte1); err != nil {
		return fmt.Errorf("write to another descriptor: %w", err)
	}
	if _, err := unix.Write(other, []byte("heard")); err != nil {
		return fmt.Errorf("write elsewhere: %w", err)
	}
	b := make([]byte, 10)
	if n, err := source.Read(b); err != nil || string(b[:n]) != "heard" {
		return fmt.Errorf("read %q: %w", b[:n], err)
	}
	if err := source.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return err
	}
	if _, err := source.Read(b); !errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("a read that waits ends with %w", err)
	}
	return nil
}

// statuses opens what the kernel tells of each thread, several of which there are.
func statuses() (files []*os.File, err error) {
	for range 4 {
		ready := make(chan struct{})
		go func() {
			runtime.LockOSThread()
			close(ready)
			select {}
		}()
		<-ready
	}
	names, err := filepath.Glob("/proc/self/task/*/status")
	if len(names) < 4 {
		return nil, fmt.Errorf("only %d threads: %w", len(names), err)
	}
	for _, name := range names {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

func TestLock(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), locked+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

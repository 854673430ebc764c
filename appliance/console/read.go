package console

import (
	"bytes"
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// noise stands for what came in but was no single key.
const noise byte = 0

// quiet is how long nothing may follow a key. Who types is slower; a key that sends
// several bytes (an arrow: ESC [ B), a paste, and a machine that talks at the other end
// of a serial line are not. None of these may restart a box or open a shell.
const quiet = 40 * time.Millisecond

// readKeys passes keys on one by one, and reads on only when the last one was acted
// on: what is typed into the rescue shell is the shell's.
func readKeys(f *os.File, keys chan<- byte, gone chan<- error, next <-chan struct{}) {
	for more := true; more; _, more = <-next {
		key, err := readKey(f)
		if err != nil {
			gone <- err
			return
		}
		keys <- key
	}
}

// readKey waits for a key, and gives noise if it was none.
func readKey(f *os.File) (byte, error) {
	buffer := make([]byte, 256)
	n, err := f.Read(buffer)
	if err != nil {
		return noise, err
	}
	// Some terminals send a line at a time.
	got := bytes.TrimRight(buffer[:n], "\r\n")
	if len(got) == 0 {
		got = buffer[:1]
	}
	key, single := got[0], len(got) == 1
	for {
		follows, err := ready(f, quiet)
		if err != nil {
			return noise, err
		}
		if !follows {
			break
		}
		n, err := f.Read(buffer)
		if err != nil {
			return noise, err
		}
		single = single && len(bytes.Trim(buffer[:n], "\r\n")) == 0
	}
	if !single {
		return noise, nil
	}
	return key, nil
}

// ready says whether there is something to read within a time.
func ready(f *os.File, within time.Duration) (bool, error) {
	fds := []unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, int(within.Milliseconds()))
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return false, os.NewSyscallError("poll", err)
		case n == 0:
			return false, nil
		case fds[0].Revents&unix.POLLIN == 0: // hung up
			return false, io.EOF
		}
		return true, nil
	}
}

package child

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// ExitNoRestart is the exit code of a child that would fail the same way again.
const ExitNoRestart = 125

// Confine gives up for good what the process could still gain: privileges by
// execve(2) (no_new_privs; so the bounding set, which only root could clear,
// is out of reach) and being traced by others of its user. It raises the
// limit of open descriptors to what the supervisor left as the hard limit.
func Confine() error {
	if err := noNewPrivs(); err != nil {
		return fmt.Errorf("set no_new_privs: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("unset dumpable: %w", err)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("read descriptor limit: %w", err)
	}
	limit.Cur = limit.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("raise descriptor limit to %d: %w", limit.Max, err)
	}
	return nil
}

// noNewPrivs is set for each thread: Go's runtime has several by now. A program with C
// in it, as the race detector makes one, cannot do so; there it is this thread, and those
// that it starts.
func noNewPrivs() error {
	_, _, errno := syscall.AllThreadsSyscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0)
	switch {
	case errno == 0:
		return nil
	case errors.Is(errno, unix.ENOTSUP):
		return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	default:
		return errno
	}
}

// Unprivileged returns an error when the process holds any capability or is root.
func Unprivileged() error {
	if os.Geteuid() == 0 || os.Getuid() == 0 {
		return errors.New("run without privilege: this process is root")
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return fmt.Errorf("read capabilities: %w", err)
	}
	for i, d := range data {
		if d.Effective|d.Permitted|d.Inheritable != 0 {
			return fmt.Errorf("run without capabilities: word %d holds %#x", i, d.Effective|d.Permitted|d.Inheritable)
		}
	}
	return nil
}

package interceptor

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// keeper holds descriptors that keep capture in the kernel: as messages that nobody
// reads, in a socket. A duplicate of its one descriptor keeps all of them, and those
// that are added later.
type keeper struct{ send, held int }

func newKeeper() (*keeper, error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open a socket for what keeps capture: %w", err)
	}
	return &keeper{ends[0], ends[1]}, nil
}

// keep replaces what is held.
func (k *keeper) keep(fds []int) error {
	if err := k.release(); err != nil {
		return err
	}
	if err := unix.Sendmsg(k.send, []byte{0}, unix.UnixRights(fds...), nil, unix.MSG_NOSIGNAL); err != nil {
		return fmt.Errorf("keep capture: %w", err)
	}
	return nil
}

// release lets go of what is held, whoever has duplicates.
func (k *keeper) release() error {
	var one [1]byte
	for {
		// Without room for the rights the kernel closes them (unix(7), SCM_RIGHTS).
		_, _, _, _, err := unix.Recvmsg(k.held, one[:], nil, unix.MSG_CMSG_CLOEXEC)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			return nil
		case err != nil:
			return fmt.Errorf("let go of capture: %w", err)
		}
	}
}

func (k *keeper) close() error {
	if k.send < 0 {
		return nil
	}
	err := errors.Join(unix.Close(k.send), unix.Close(k.held))
	k.send, k.held = -1, -1
	return err
}

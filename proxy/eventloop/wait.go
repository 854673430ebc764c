package eventloop

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// brief is how long a loop that found nothing waits without telling Go's
// scheduler, in ms. A loop under load is woken within it. Blocking the usual
// way costs much more than the wait: the runtime's monitor takes the idle
// processor away after 20 µs, keeps polling for that, and wakes a thread to
// give it back.
const brief = 1

// wait fills l.events and returns how many there are.
func (l *Loop) wait() (int, error) {
	n, errno := l.poll(0)
	if errno == 0 && (n > 0 || len(l.again) > 0) {
		return n, nil
	}
	// A signal ends it early, also the one by which the runtime asks for the
	// processor: then the call below gives it.
	if n, errno = l.poll(brief); errno == 0 && n > 0 {
		return n, nil
	}
	for {
		n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.epoll),
			uintptr(unsafe.Pointer(&l.events)), batch, ^uintptr(0), 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
			continue
		default:
			return 0, errno
		}
	}
}

// poll is epoll_wait(2) that waits for at most ms, unseen by the scheduler.
func (l *Loop) poll(ms uintptr) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.epoll),
		uintptr(unsafe.Pointer(&l.events)), batch, ms, 0, 0)
	return int(n), errno
}

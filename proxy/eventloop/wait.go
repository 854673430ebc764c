package eventloop

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// brief is how long a busy loop waits without telling Go's scheduler, in ms.
// Blocking the usual way costs more than a wait under load: the runtime's
// monitor wakes every 20 µs to take the idle processor away, and a thread must
// be given one back afterwards. A loop that waits unseen holds its processor,
// and the monitor rests.
const brief = 5

// wait fills l.events and returns how many there are.
func (l *Loop) wait() (int, error) {
	switch {
	case len(l.again) > 0:
		n, errno := l.poll(0)
		return l.polled(n, errno)
	case l.busy:
		// A signal ends it early, also the one by which the runtime asks for the
		// processor: it gets it when poll is called next.
		n, errno := l.poll(brief)
		if n > 0 || errno != 0 {
			return l.polled(n, errno)
		}
		l.busy = false
	}
	began := time.Now()
	n, errno := l.block()
	l.busy = time.Since(began) < brief*time.Millisecond
	return l.polled(n, errno)
}

// polled makes a wait that a signal has ended one that found nothing.
func (l *Loop) polled(n int, errno unix.Errno) (int, error) {
	if errno == unix.EINTR {
		return 0, nil
	}
	if errno != 0 {
		return 0, errno
	}
	return n, nil
}

// poll is epoll_wait(2) that waits for at most ms, unseen by the scheduler.
func (l *Loop) poll(ms uintptr) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.epoll),
		uintptr(unsafe.Pointer(&l.events)), batch, ms, 0, 0)
	return int(n), errno
}

// block is epoll_wait(2) for as long as it takes.
func (l *Loop) block() (int, unix.Errno) {
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.epoll),
		uintptr(unsafe.Pointer(&l.events)), batch, ^uintptr(0), 0, 0)
	return int(n), errno
}

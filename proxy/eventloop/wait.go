package eventloop

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// wait fills l.events and returns how many there are.
func (l *Loop) wait() (int, error) {
	// A busy loop nearly always finds something ready: look without telling
	// Go's scheduler, which would start another thread for its processor.
	n, errno := l.poll()
	if errno == 0 && (n > 0 || len(l.again) > 0) {
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

// poll is epoll_wait(2) that does not wait.
func (l *Loop) poll() (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.epoll),
		uintptr(unsafe.Pointer(&l.events)), batch, 0, 0, 0)
	return int(n), errno
}

package eventloop

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// brief is how long a loop waits at a time, in ms: less than the 10 ms after
// which the runtime takes a goroutine for one that hogs its processor and
// signals its thread (Go 1.26, runtime/proc.go, forcePreemptNS).
const brief = 8

// MakeRoom lets a process run that many loops beside its other goroutines. A
// loop holds one of the runtime's processors even while it waits; without room
// for more the others would run only between two waits.
//
// It is so because blocking the usual way costs more than the wait under load:
// the runtime's monitor wakes every 20 µs to see whether the processor of a
// system call is to be given to others, and takes a thread's switch or two to
// give it back. A loop that waits unseen leaves the monitor at rest.
func MakeRoom(loops int) { runtime.GOMAXPROCS(runtime.NumCPU() + loops) }

// wait fills l.events and returns how many there are, 0 after a while.
func (l *Loop) wait() (int, error) {
	most := uintptr(brief)
	if len(l.again) > 0 {
		most = 0
	}
	n, errno := l.poll(most)
	switch {
	case errno == unix.EINTR:
		// Also the signal by which the runtime asks for the processor, to collect
		// garbage say: it gets it at the next function's entry.
		return 0, nil
	case errno != 0:
		return 0, errno
	case n == 0 && most > 0:
		runtime.Gosched()
	}
	return n, nil
}

// poll is epoll_wait(2) that waits for at most ms, unseen by the scheduler.
func (l *Loop) poll(ms uintptr) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.epoll),
		uintptr(unsafe.Pointer(&l.events)), batch, ms, 0, 0)
	return int(n), errno
}

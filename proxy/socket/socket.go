package socket

import (
	"errors"
	"fmt"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Accept is accept4(2) for a nonblocking TCP listener. It spares what
// unix.Accept4 does besides: a getsockopt(2) and two allocations each time.
func Accept(listener int) (fd int, client netip.AddrPort, err error) {
	var raw unix.RawSockaddrInet6 // room for either family
	size := uint32(unix.SizeofSockaddrInet6)
	n, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(listener), uintptr(unsafe.Pointer(&raw)),
		uintptr(unsafe.Pointer(&size)), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	if errno != 0 {
		return -1, netip.AddrPort{}, errno
	}
	return int(n), addrPort(&raw), nil
}

// OutOfDescriptors reports whether Accept failed for want of a descriptor or of
// memory: the connection waits in the listener's backlog (accept(2)).
func OutOfDescriptors(err error) bool {
	return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.ENOBUFS) || errors.Is(err, unix.ENOMEM)
}

// LocalAddress is getsockname(2): behind TPROXY, where the client wanted to go.
func LocalAddress(fd int) (netip.AddrPort, error) {
	var raw unix.RawSockaddrInet6
	size := uint32(unix.SizeofSockaddrInet6)
	_, _, errno := unix.RawSyscall(unix.SYS_GETSOCKNAME, uintptr(fd), uintptr(unsafe.Pointer(&raw)), uintptr(unsafe.Pointer(&size)))
	if errno != 0 {
		return netip.AddrPort{}, errno
	}
	return addrPort(&raw), nil
}

// New makes a nonblocking TCP socket of an address family.
func New(family int) (int, error) {
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("make socket: %w", err)
	}
	return fd, nil
}

// Bind is bind(2).
func Bind(fd int, to netip.AddrPort) error {
	r, size := raw(to)
	if _, _, errno := unix.RawSyscall(unix.SYS_BIND, uintptr(fd), uintptr(unsafe.Pointer(&r)), size); errno != 0 {
		return errno
	}
	return nil
}

// Connect is connect(2) for a nonblocking socket. It does not wait.
func Connect(fd int, to netip.AddrPort) error {
	r, size := raw(to)
	_, _, errno := unix.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&r)), size)
	if errno != 0 && errno != unix.EINPROGRESS {
		return errno
	}
	return nil
}

// Set is setsockopt(2) for an option that is an int.
func Set(fd, level, option, value int) error {
	v := int32(value)
	if errno := setsockopt(fd, level, option, unsafe.Pointer(&v), unsafe.Sizeof(v)); errno != 0 {
		return errno
	}
	return nil
}

func setsockopt(fd, level, option int, value unsafe.Pointer, size uintptr) unix.Errno {
	_, _, errno := unix.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(fd), uintptr(level), uintptr(option), uintptr(value), size, 0)
	return errno
}

// Unsent is how many bytes the peer has not acknowledged yet (tcp(7), SIOCOUTQ); 0 if that
// cannot be told.
func Unsent(fd int) int { return queued(fd, unix.SIOCOUTQ) }

func queued(fd int, request uintptr) int {
	var n int32
	if _, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(&n))); errno != 0 {
		return 0
	}
	return int(n)
}

// Finish sends FIN, behind all that was written: shutdown(2) of that direction.
func Finish(fd int) error {
	if _, _, errno := unix.RawSyscall(unix.SYS_SHUTDOWN, uintptr(fd), unix.SHUT_WR, 0); errno != 0 {
		return errno
	}
	return nil
}

// Close is close(2), orderly: what was written is sent, then FIN if it was not. It fails for
// no socket that is open.
func Close(fd int) { _, _, _ = unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) }

// Abort makes the coming close of a socket, whoever makes it, a reset: SO_LINGER of 0 s (socket(7)).
func Abort(fd int) {
	now := unix.Linger{Onoff: 1}
	_ = setsockopt(fd, unix.SOL_SOCKET, unix.SO_LINGER, unsafe.Pointer(&now), unix.SizeofLinger)
}

// Reset closes a socket with RST, so that its peer waits for nothing.
func Reset(fd int) {
	Abort(fd)
	Close(fd)
}

package intake

import (
	"encoding/binary"
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

// addrPort reads a sockaddr_in or a sockaddr_in6 (ip(7), ipv6(7)).
func addrPort(raw *unix.RawSockaddrInet6) netip.AddrPort {
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&raw.Port))[:])
	if raw.Family == unix.AF_INET {
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(raw))
		return netip.AddrPortFrom(netip.AddrFrom4(in.Addr), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16(raw.Addr).Unmap(), port)
}

// raw writes a as the kernel wants it, and returns its length.
func raw(a netip.AddrPort) (r unix.RawSockaddrInet6, size uintptr) {
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&r.Port))[:], a.Port())
	if a.Addr().Is4() {
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(&r))
		in.Family, in.Addr = unix.AF_INET, a.Addr().As4()
		return r, unix.SizeofSockaddrInet4
	}
	r.Family, r.Addr = unix.AF_INET6, a.Addr().As16()
	return r, unix.SizeofSockaddrInet6
}

// FamilyOf is the address family of a: AF_INET or AF_INET6.
func FamilyOf(a netip.Addr) int {
	if a.Is6() {
		return unix.AF_INET6
	}
	return unix.AF_INET
}

// Socket makes a nonblocking TCP socket of an address family.
func Socket(family int) (int, error) {
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

// Reset closes a socket with RST, so that its peer waits for nothing.
func Reset(fd int) {
	_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	_ = unix.Close(fd)
}

package socket

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// FamilyOf is the address family of a: AF_INET or AF_INET6.
func FamilyOf(a netip.Addr) int {
	if a.Is6() {
		return unix.AF_INET6
	}
	return unix.AF_INET
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

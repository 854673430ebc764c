package socket

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAcceptTellsBothEnds(t *testing.T) {
	for _, address := range []string{"127.0.0.1", "::1"} {
		conn, fd, client := accepted(t, address)
		defer Close(fd)
		server, err := LocalAddress(fd)
		if err != nil {
			t.Fatal(err)
		}
		if want := netip.MustParseAddrPort(conn.LocalAddr().String()); client != want {
			t.Errorf("client is %v, want %v", client, want)
		}
		if want := netip.MustParseAddrPort(conn.RemoteAddr().String()); server != want {
			t.Errorf("server is %v, want %v", server, want)
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		if err != nil || flags&unix.O_NONBLOCK == 0 {
			t.Errorf("accepted socket blocks: flags %#x, %v", flags, err)
		}
	}
}

func TestAcceptFailsAsTheKernelSays(t *testing.T) {
	if _, _, err := Accept(-1); err != unix.EBADF { //nolint:errorlint // a bare errno is the contract
		t.Errorf("got %v", err)
	}
	if _, err := LocalAddress(-1); err != unix.EBADF { //nolint:errorlint // a bare errno is the contract
		t.Errorf("got %v", err)
	}
}

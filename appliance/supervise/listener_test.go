package supervise

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestKeepaliveRefreshesASlotThrice(t *testing.T) {
	for timeout, want := range map[time.Duration]keepalive{
		FlowTimeout:     {360, 120, 6},
		3 * time.Second: {1, 1, 6},
		time.Second:     {1, 1, 6},
		time.Hour:       {1080, 360, 6},
	} {
		if got := keepaliveFor(timeout); got != want {
			t.Errorf("%v: %+v, want %+v", timeout, got, want)
		}
	}
}

// TestAcceptedSocketsAreReady looks at what a connection inherits: the gate
// and the proxy set none of it.
func TestAcceptedSocketsAreReady(t *testing.T) {
	for _, loopback := range []string{"127.0.0.1", "::1"} {
		address := netip.AddrPortFrom(netip.MustParseAddr(loopback), uint16(freePort(t)))
		listener, err := listenTPROXY(address, keepaliveFor(FlowTimeout))
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(listener)
		if _, err := listenTPROXY(address, keepaliveFor(FlowTimeout)); !errors.Is(err, unix.EADDRINUSE) || !strings.Contains(err.Error(), "proxy.port") {
			t.Errorf("second listener on %v: %v", address, err)
		}
		accepted := connectTo(t, listener, address)
		defer unix.Close(accepted)
		for _, o := range []option{
			{unix.SOL_SOCKET, unix.SO_MARK, 0, "mark"},
			{unix.SOL_TCP, unix.TCP_NODELAY, 1, "nodelay"},
			{unix.SOL_TCP, unix.TCP_QUICKACK, 0, "an ACK at once"},
			{unix.SOL_SOCKET, unix.SO_OOBINLINE, 1, "urgent data in its place"},
			{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1, "keepalive"},
			{unix.SOL_TCP, unix.TCP_KEEPIDLE, 360, "idle"},
			{unix.SOL_TCP, unix.TCP_KEEPINTVL, 120, "interval"},
			{unix.SOL_TCP, unix.TCP_KEEPCNT, 6, "count"},
		} {
			if got, err := unix.GetsockoptInt(accepted, o.level, o.name); err != nil || got != o.value {
				t.Errorf("%v: %s is %d, %v; want %d", address, o.what, got, err, o.value)
			}
		}
		transparent := option{unix.SOL_IP, unix.IP_TRANSPARENT, 1, ""}
		if address.Addr().Is6() {
			transparent = option{unix.SOL_IPV6, unix.IPV6_TRANSPARENT, 1, ""}
		}
		if got, err := unix.GetsockoptInt(listener, transparent.level, transparent.name); err != nil || got != 1 {
			t.Errorf("%v: transparent is %d, %v", address, got, err)
		}
	}
}

// connectTo makes a connection and returns the end that was accepted.
func connectTo(t *testing.T, listener int, address netip.AddrPort) int {
	t.Helper()
	family, to := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Port: int(address.Port()), Addr: as4(address.Addr())})
	if address.Addr().Is6() {
		family, to = unix.AF_INET6, &unix.SockaddrInet6{Port: int(address.Port()), Addr: address.Addr().As16()}
	}
	client, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(client) })
	if err := unix.Connect(client, to); err != nil {
		t.Fatal(err)
	}
	accepted, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	return accepted
}

// TestInheritedSocketsStayNonblocking would fail if starting a child made them
// blocking: the flag belongs to the socket, not to a process.
func TestInheritedSocketsStayNonblocking(t *testing.T) {
	s, err := openSockets(uint16(freePort(t)), true, keepaliveFor(FlowTimeout))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.close() }()
	for _, fds := range [][]int{s.gateFiles(0, 0), s.proxyFiles(0, true)} {
		p, err := start(command{name: "true", path: "/bin/true", args: []string{"true"}, files: func(int) []int { return fds[1:] }, log: &lineLog{}})
		if err != nil {
			t.Fatal(err)
		}
		<-p.done
		if p.ended != "exited with 0" {
			t.Errorf("child %s", p.ended)
		}
	}
	for _, fd := range []int{s.listen4, s.listen6, s.send, s.receive, s.supply4.receive, s.supply6.send, s.returned.receive} {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		if err != nil || flags&unix.O_NONBLOCK == 0 {
			t.Errorf("descriptor %d: flags %#x, %v; want O_NONBLOCK", fd, flags, err)
		}
	}
}

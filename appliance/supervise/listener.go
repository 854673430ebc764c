package supervise

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// backlog is how many connections may wait to be accepted, while a gate is
// restarted for instance.
const backlog = 4096

// FlowTimeout is how long an idle flow keeps its slot in the kernel's flow
// sets when nobody says otherwise.
// An outage that the connections at both ends outlive must not end it (interceptor.Spec).
const FlowTimeout = 20 * time.Minute

// keepalive is when an idle connection is probed, in seconds: often enough for
// its slot to be refreshed three times before it is lost.
type keepalive struct{ idle, interval, count int }

func keepaliveFor(flowTimeout time.Duration) keepalive {
	seconds := int(flowTimeout / time.Second)
	return keepalive{idle: max(1, seconds*3/10), interval: max(1, seconds/10), count: 6}
}

// option is one integer socket option.
type option struct {
	level, name, value int
	what               string
}

// listenTPROXY makes a listening socket on a loopback address that the kernel's
// TPROXY rules may hand any connection to. Its options are inherited by what it
// accepts. It has no mark of its own: answers take that of the client's SYN,
// which says the port and the VLAN (package interceptor, answer.go).
func listenTPROXY(address netip.AddrPort, keep keepalive) (int, error) {
	family, sockaddr := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Port: int(address.Port()), Addr: as4(address.Addr())})
	options := []option{
		{unix.SOL_SOCKET, unix.SO_REUSEADDR, 1, "SO_REUSEADDR"},
		{unix.SOL_IP, unix.IP_TRANSPARENT, 1, "IP_TRANSPARENT (needs CAP_NET_ADMIN or CAP_NET_RAW)"},
		{unix.SOL_TCP, unix.TCP_NODELAY, 1, "TCP_NODELAY"},
		// A read that begins at urgent data before epoll has told of it would leave it out.
		{unix.SOL_SOCKET, unix.SO_OOBINLINE, 1, "SO_OOBINLINE"},
		{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1, "SO_KEEPALIVE"},
		{unix.SOL_TCP, unix.TCP_KEEPIDLE, keep.idle, "TCP_KEEPIDLE"},
		{unix.SOL_TCP, unix.TCP_KEEPINTVL, keep.interval, "TCP_KEEPINTVL"},
		{unix.SOL_TCP, unix.TCP_KEEPCNT, keep.count, "TCP_KEEPCNT"},
	}
	if address.Addr().Is6() {
		family, sockaddr = unix.AF_INET6, &unix.SockaddrInet6{Port: int(address.Port()), Addr: address.Addr().As16()}
		options = append(options,
			option{unix.SOL_IPV6, unix.IPV6_V6ONLY, 1, "IPV6_V6ONLY"},
			option{unix.SOL_IPV6, unix.IPV6_TRANSPARENT, 1, "IPV6_TRANSPARENT (needs CAP_NET_ADMIN or CAP_NET_RAW)"})
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("listen on %v: %w", address, err)
	}
	for _, o := range options {
		if err := unix.SetsockoptInt(fd, o.level, o.name, o.value); err != nil {
			_ = unix.Close(fd)
			return -1, fmt.Errorf("listen on %v: set %s: %w", address, o.what, err)
		}
	}
	err = unix.Bind(fd, sockaddr)
	if err == nil {
		err = unix.Listen(fd, backlog)
	}
	if err == nil {
		// What the client asks is acknowledged with the answer, if that comes within 40 ms: an
		// ACK less for each connection, and relay sees to those that send in pieces. Before
		// listen(2) it would be forgotten (inet_connection_sock.c, inet_csk_listen_start).
		err = unix.SetsockoptInt(fd, unix.SOL_TCP, unix.TCP_QUICKACK, 0)
	}
	if err != nil {
		_ = unix.Close(fd)
		if errors.Is(err, unix.EADDRINUSE) {
			return -1, fmt.Errorf("listen on %v: %w: another process has that port, choose another proxy.port", address, err)
		}
		return -1, fmt.Errorf("listen on %v: %w", address, err)
	}
	return fd, nil
}

func as4(a netip.Addr) [4]byte {
	if !a.Is4() {
		return [4]byte{}
	}
	return a.As4()
}

// raiseBacklog lifts the network namespace's bound on backlogs to ours.
func raiseBacklog() error {
	const path = "/proc/sys/net/core/somaxconn"
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read backlog bound: %w", err)
	}
	if n, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && n >= backlog {
		return nil
	}
	if err := os.WriteFile(path, []byte(strconv.Itoa(backlog)), 0o644); err != nil {
		return fmt.Errorf("raise backlog bound: %w", err)
	}
	return nil
}

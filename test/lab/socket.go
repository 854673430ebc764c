package lab

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Dialer returns a dialer whose sockets are in the node. It may be used from
// any goroutine, also by an http.Transport. Addresses must be literal: names
// would be looked up outside.
func (n *Node) Dialer() *net.Dialer {
	d := &net.Dialer{ControlContext: n.control}
	d.SetMultipathTCP(false)
	return d
}

// ListenConfig returns one whose sockets are in the node.
func (n *Node) ListenConfig() *net.ListenConfig {
	lc := &net.ListenConfig{Control: func(network, address string, c syscall.RawConn) error {
		return n.control(context.Background(), network, address, c)
	}}
	lc.SetMultipathTCP(false)
	return lc
}

// control puts a socket of the node in the place of one that package net has
// just made and not yet used. Only the making of a socket has to happen in the
// namespace, so neither a thread nor a goroutine is bound to it afterwards.
func (n *Node) control(_ context.Context, _, _ string, c syscall.RawConn) error {
	var swap error
	err := c.Control(func(fd uintptr) {
		swap = n.swapSocket(int(fd))
	})
	if err != nil {
		return fmt.Errorf("reach the socket: %w", err)
	}
	return swap
}

// swapSocket makes fd a socket of the same kind in the node, with the options
// that package net sets on those it makes.
func (n *Node) swapSocket(fd int) error {
	var kind [3]int
	for i, option := range []int{unix.SO_DOMAIN, unix.SO_TYPE, unix.SO_PROTOCOL} {
		v, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, option)
		if err != nil {
			return fmt.Errorf("read kind of socket: %w", err)
		}
		kind[i] = v
	}
	s, err := n.socket(kind[0], kind[1], kind[2])
	if err != nil {
		return err
	}
	defer unix.Close(s)
	for _, option := range [][2]int{{unix.SOL_SOCKET, unix.SO_REUSEADDR}, {unix.SOL_SOCKET, unix.SO_BROADCAST}, {unix.IPPROTO_IPV6, unix.IPV6_V6ONLY}} {
		if option[0] == unix.IPPROTO_IPV6 && kind[0] != unix.AF_INET6 {
			continue
		}
		v, err := unix.GetsockoptInt(fd, option[0], option[1])
		if err == nil {
			err = unix.SetsockoptInt(s, option[0], option[1], v)
		}
		if err != nil {
			return fmt.Errorf("copy socket option: %w", err)
		}
	}
	if err := unix.Dup3(s, fd, unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("replace socket: %w", err)
	}
	return nil
}

// socket opens a nonblocking socket in the node.
func (n *Node) socket(domain, kind, protocol int) (fd int, err error) {
	err = n.keeper.do(func() error {
		fd, err = unix.Socket(domain, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, protocol)
		if err != nil {
			return fmt.Errorf("open socket in %s: %w", n.Name, err)
		}
		return nil
	})
	return fd, err
}

// Dial connects from the node. laddr may be empty, an address, or an address
// with port ("10.77.0.11:40000").
func (n *Node) Dial(ctx context.Context, network, laddr, raddr string) (*net.TCPConn, error) {
	d := n.Dialer()
	if laddr != "" {
		local, err := localAddress(laddr)
		if err != nil {
			return nil, err
		}
		d.LocalAddr = local
	}
	conn, err := d.DialContext(ctx, network, raddr)
	if err != nil {
		return nil, fmt.Errorf("dial from %s: %w", n.Name, err)
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		_ = conn.Close()
		return nil, fmt.Errorf("dial from %s: network %s is not TCP", n.Name, network)
	}
	return tcp, nil
}

// localAddress reads an address with or without port; no port is any port.
func localAddress(s string) (*net.TCPAddr, error) {
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return net.TCPAddrFromAddrPort(netip.AddrPortFrom(a, 0)), nil
	}
	ap, err := netip.ParseAddrPort(s)
	if err != nil {
		return nil, fmt.Errorf("parse local address: %w", err)
	}
	return net.TCPAddrFromAddrPort(ap), nil
}

// Listen opens a TCP listener in the node; the caller closes it.
func (n *Node) Listen(ctx context.Context, network, laddr string) (*net.TCPListener, error) {
	ln, err := n.ListenConfig().Listen(ctx, network, laddr)
	if err != nil {
		return nil, fmt.Errorf("listen in %s: %w", n.Name, err)
	}
	tcp, ok := ln.(*net.TCPListener)
	if !ok {
		_ = ln.Close()
		return nil, fmt.Errorf("listen in %s: network %s is not TCP", n.Name, network)
	}
	return tcp, nil
}

// ListenUDP opens a UDP socket in the node; the caller closes it.
func (n *Node) ListenUDP(ctx context.Context, network, laddr string) (*net.UDPConn, error) {
	pc, err := n.ListenConfig().ListenPacket(ctx, network, laddr)
	if err != nil {
		return nil, fmt.Errorf("listen in %s: %w", n.Name, err)
	}
	udp, ok := pc.(*net.UDPConn)
	if !ok {
		_ = pc.Close()
		return nil, fmt.Errorf("listen in %s: network %s is not UDP", n.Name, network)
	}
	return udp, nil
}

// ClientAddrs returns n IPv4 addresses that are all c1's own and can be given
// to Dial, for tests that need more than 50,000 source ports. n is at most
// 65,000. They are routed to c1 and not on its subnet: the neighbour table,
// which all namespaces share, holds 1,024 entries on a usual kernel.
func (l *Lab) ClientAddrs(n int) []netip.Addr {
	return firstAddrs(netip.MustParsePrefix(ManyClients4), n)
}

// ClientAddrs6 is ClientAddrs for IPv6.
func (l *Lab) ClientAddrs6(n int) []netip.Addr {
	return firstAddrs(netip.MustParsePrefix(ManyClients6), n)
}

// firstAddrs counts up from the first host address of p.
func firstAddrs(p netip.Prefix, n int) []netip.Addr {
	addrs := make([]netip.Addr, 0, n)
	for a := p.Addr().Next(); len(addrs) < min(n, 65000); a = a.Next() {
		addrs = append(addrs, a)
	}
	return addrs
}

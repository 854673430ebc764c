package gate

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"limpid/interceptor"
	"limpid/proxy/socket"
)

// upstreamOptions are what the client's SYN showed, where the gate saw it.
type upstreamOptions struct {
	vlan uint16
	ttl  uint8 // hop limit, 0 if not seen
	tos  uint8 // traffic class
}

// keepalive is when an idle leg is probed. Both legs have the listener's: dead
// peers are found, and an idle flow shows itself to the flow sets well within
// their timeout.
type keepalive struct{ idle, interval, count int } // s, s, probes

// keepaliveOf reads it from the listener.
func keepaliveOf(listener int) (k keepalive, err error) {
	for option, value := range map[int]*int{unix.TCP_KEEPIDLE: &k.idle, unix.TCP_KEEPINTVL: &k.interval, unix.TCP_KEEPCNT: &k.count} {
		if *value, err = unix.GetsockoptInt(listener, unix.SOL_TCP, option); err != nil {
			return k, fmt.Errorf("read the listener's keepalive: %w", err)
		}
	}
	return k, nil
}

// connect begins a connection to the server as the client, and does not wait for it.
func (g *Gate) connect(client, server netip.AddrPort, o upstreamOptions) (int, error) {
	family := socket.FamilyOf(server.Addr())
	fd, err := g.upstream(family, o.vlan)
	if err == nil {
		err = g.keep.set(fd)
	}
	if err != nil {
		socket.Close(fd)
		return -1, fmt.Errorf("prepare connection %v to %v: %w", client, server, err)
	}
	if g.KeepAddress {
		o.show(fd, family)
	}
	if err := g.BindAs(fd, client); err != nil {
		socket.Close(fd)
		return -1, fmt.Errorf("bind upstream socket for %v: %w", client, err)
	}
	if err := socket.Connect(fd, server); err != nil {
		socket.Close(fd)
		return -1, fmt.Errorf("connect %v to %v: %w", client, server, err)
	}
	return fd, nil
}

// upstream makes a socket that may be bound to any client's address and
// connected without privilege.
func (g *Gate) upstream(family int, vlan uint16) (int, error) {
	fd, err := socket.New(family)
	if err != nil {
		return -1, err
	}
	if err := g.dress(fd, family, vlan); err != nil {
		socket.Close(fd)
		return -1, err
	}
	return fd, nil
}

// dress sets the options that an upstream socket has whoever the client is, but
// for keepalive: most connections end before they need it, and the proxy sets it
// on the others. Small segments go at once, as the client's own stack decided to.
func (g *Gate) dress(fd, family int, vlan uint16) error {
	if err := socket.Set(fd, unix.SOL_TCP, unix.TCP_NODELAY, 1); err != nil {
		return fmt.Errorf("set TCP_NODELAY: %w", err)
	}
	if !g.KeepAddress {
		return nil
	}
	level, transparent := unix.SOL_IP, unix.IP_TRANSPARENT
	if family == unix.AF_INET6 {
		level, transparent = unix.SOL_IPV6, unix.IPV6_TRANSPARENT
	}
	if err := socket.Set(fd, level, transparent, 1); err != nil {
		return fmt.Errorf("set IP_TRANSPARENT: %w", err)
	}
	if err := socket.Set(fd, unix.SOL_SOCKET, unix.SO_MARK, int(interceptor.MarkToServer.WithVLAN(vlan))); err != nil {
		return fmt.Errorf("set SO_MARK: %w", err)
	}
	if !g.KeepPort {
		// The port is chosen at connect, by the whole tuple: thousands of
		// connections to one server do not use up the port range (ip(7)).
		_ = socket.Set(fd, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	}
	// Several connections of one client port, to different servers.
	if err := socket.Set(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return fmt.Errorf("set SO_REUSEADDR: %w", err)
	}
	return nil
}

// show gives a socket the looks of the client's SYN.
func (o upstreamOptions) show(fd, family int) {
	level, ttl, tos := unix.SOL_IP, unix.IP_TTL, unix.IP_TOS
	if family == unix.AF_INET6 {
		level, ttl, tos = unix.SOL_IPV6, unix.IPV6_UNICAST_HOPS, unix.IPV6_TCLASS
	}
	if o.ttl != 0 {
		_ = socket.Set(fd, level, ttl, int(o.ttl))
	}
	if o.tos != 0 {
		_ = socket.Set(fd, level, tos, int(o.tos))
	}
}

// set gives an upstream socket the keepalive.
func (k keepalive) set(fd int) error {
	options := []struct{ level, option, value int }{
		{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		{unix.SOL_TCP, unix.TCP_KEEPIDLE, k.idle},
		{unix.SOL_TCP, unix.TCP_KEEPINTVL, k.interval},
		{unix.SOL_TCP, unix.TCP_KEEPCNT, k.count},
	}
	for _, o := range options {
		if err := socket.Set(fd, o.level, o.option, o.value); err != nil {
			return fmt.Errorf("set socket option %d: %w", o.option, err)
		}
	}
	return nil
}

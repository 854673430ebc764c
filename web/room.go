package web

import (
	"net"
	"net/netip"
	"sync"
)

// Connections held at once. What comes beyond is closed unheard, so that one who
// opens many keeps nobody else out.
const (
	maxConnections = 128
	maxFromOne     = 24 // from one address, or one IPv6 network of 64 bits
)

// room counts connections.
type room struct {
	mu    sync.Mutex
	total int
	from  map[netip.Addr]int
}

func newRoom() *room { return &room{from: make(map[netip.Addr]int)} }

// take says whether there is room for one more.
func (r *room) take(who netip.Addr) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.total >= maxConnections || r.from[who] >= maxFromOne {
		return false
	}
	r.total++
	r.from[who]++
	return true
}

func (r *room) leave(who netip.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total--
	if r.from[who]--; r.from[who] == 0 {
		delete(r.from, who)
	}
}

// limit gives a listener that accepts while there is room.
func (r *room) limit(l net.Listener) net.Listener { return &roomListener{l, r} }

type roomListener struct {
	net.Listener
	room *room
}

// Accept implements net.Listener.
func (l *roomListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		who := neighbour(conn.RemoteAddr().String())
		if l.room.take(who) {
			return &roomConn{Conn: conn, leave: sync.OnceFunc(func() { l.room.leave(who) })}, nil
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // nothing of it stays in the kernel
		}
		_ = conn.Close()
	}
}

type roomConn struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *roomConn) Close() error {
	c.leave()
	return c.Conn.Close()
}

// networkBits is what one customer, or one machine, has of IPv6 at least (RFC 6177).
const networkBits = 64

// neighbour is who is at an address and port: the address, of IPv6 its network, since
// a machine may take any address in it.
func neighbour(address string) netip.Addr {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return netip.Addr{}
	}
	who := at.Addr().Unmap().WithZone("")
	if who.Is4() || who.IsLinkLocalUnicast() {
		return who
	}
	network, err := who.Prefix(networkBits)
	if err != nil {
		return who
	}
	return network.Addr()
}

package web

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"
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
	r.enter(who)
	return true
}

// takeAny has one more, whether there is room or not.
func (r *room) takeAny(who netip.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.enter(who)
}

// enter is called with the lock held.
func (r *room) enter(who netip.Addr) {
	r.total++
	r.from[who]++
}

func (r *room) leave(who netip.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total--
	if r.from[who]--; r.from[who] == 0 {
		delete(r.from, who)
	}
}

// awaitEmpty waits until all have left, but not for longer than that.
func (r *room) awaitEmpty(longest time.Duration) {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for end := time.Now().Add(longest); time.Now().Before(end); <-look.C {
		r.mu.Lock()
		left := r.total
		r.mu.Unlock()
		if left == 0 {
			return
		}
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
		if fromTheBox(conn) {
			l.room.takeAny(who)
		} else if !l.room.take(who) {
			refuse(conn)
			continue
		}
		abandon(conn)
		return &roomConn{Conn: conn, leave: sync.OnceFunc(func() { l.room.leave(who) })}, nil
	}
}

// fromTheBox says whether a connection was made on the box itself, as firmware on trial does to see whether the page is
// well: nobody keeps it out. The kernel takes no such source from a network (net/ipv4/fib_frontend.c, fib_validate_source).
func fromTheBox(conn net.Conn) bool {
	from, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	to, errTo := netip.ParseAddrPort(conn.LocalAddr().String())
	return err == nil && errTo == nil && from.Addr() == to.Addr()
}

func refuse(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // nothing of it stays in the kernel
	}
	_ = conn.Close()
}

// abandon has the kernel end a connection whose other end takes nothing for as long as
// an answer may take (TCP_USER_TIMEOUT, tcp(7)): a stream says so little that its
// writes would succeed for minutes after its reader is gone. Where the kernel refuses,
// streamLife bounds that.
func abandon(conn net.Conn) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(writeTimeout/time.Millisecond))
	})
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

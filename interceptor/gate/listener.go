package gate

import (
	"errors"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"limpid/interceptor"
	"limpid/proxy/handover"
	"limpid/proxy/scoreboard"
)

// acceptBatch bounds how many connections are accepted before other work.
const acceptBatch = 64

// acceptPause is how long accepting rests when descriptors have run out: the
// connections wait in the listener's backlog meanwhile.
const acceptPause = 100 * time.Millisecond

// listener accepts what TPROXY brought to one listening socket.
type listener struct {
	gate *Gate
	fd   int
}

// Ready accepts connections.
func (l *listener) Ready(uint32) {
	for range acceptBatch {
		fd, client, err := accept(l.fd)
		switch {
		case err == nil:
			l.gate.accepted(fd, client)
		case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE), errors.Is(err, unix.ENOBUFS), errors.Is(err, unix.ENOMEM):
			l.gate.pauseAccepting(err)
			return
		case errors.Is(err, unix.ECONNABORTED), errors.Is(err, unix.EINTR):
		default: // EAGAIN: done
			return
		}
	}
}

func (g *Gate) pauseAccepting(err error) {
	if g.paused.IsZero() {
		g.log.Warn("cannot accept: connections wait", "error", err)
	}
	g.paused = g.loop.Now().Add(acceptPause)
	for _, fd := range g.Listeners {
		g.loop.Remove(fd)
	}
}

func (g *Gate) resumeAccepting() {
	g.paused = time.Time{}
	if err := g.listen(); err != nil {
		g.log.Error("cannot watch the listeners again", "error", err)
	}
}

// listen has the loop tell of connections that wait on any listener.
func (g *Gate) listen() error {
	var errs []error
	for _, fd := range g.Listeners {
		errs = append(errs, g.loop.Add(fd, unix.EPOLLIN, &listener{gate: g, fd: fd}))
	}
	return errors.Join(errs...)
}

// accepted finds out where a client wanted to go and sends its flow on.
func (g *Gate) accepted(fd int, client netip.AddrPort) {
	server, err := localAddress(fd)
	if err != nil {
		_ = unix.Close(fd)
		return
	}
	if server.Addr().IsLoopback() {
		g.acceptedHealth(fd, client, server)
		return
	}
	g.Board.Add(scoreboard.Accepted, 1)
	flow := handover.Flow{ID: g.nextID(), Client: client, Server: server, ClientFD: fd, Started: g.loop.Now(), VLAN: vlanOf(fd)}
	if p := g.pending[tuple{client, server}]; p != nil && p.approved {
		flow.UpstreamFD, flow.Mirror, flow.Started = g.claim(p), true, p.started
		g.offer(&flow)
		return
	}
	flow.UpstreamFD, err = g.connect(client, server, upstreamOptions{vlan: flow.VLAN})
	if err != nil {
		g.Board.Add(scoreboard.UpstreamFailed, 1)
		g.log.Debug("cannot connect upstream", "client", client, "server", server, "error", err)
		reset(fd)
		return
	}
	g.offer(&flow)
}

// acceptedHealth serves the watchdog, who connects to the listener itself over
// loopback; its flow takes the same way through the proxy as any other.
func (g *Gate) acceptedHealth(fd int, client, server netip.AddrPort) {
	flow := handover.Flow{ID: g.nextID(), Client: client, Server: server, ClientFD: fd, Started: g.loop.Now(), Health: true}
	if !client.Addr().IsLoopback() || !g.HealthOrigin.IsValid() {
		reset(fd)
		return
	}
	upstream, err := connectPlain(g.HealthOrigin)
	if err != nil {
		g.log.Warn("cannot reach the health origin", "error", err)
		reset(fd)
		return
	}
	flow.UpstreamFD = upstream
	g.offer(&flow)
}

// vlanOf is the VLAN in the mark a socket took from its SYN.
func vlanOf(fd int) uint16 {
	mark, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_MARK)
	if err != nil {
		return 0
	}
	return interceptor.Mark(mark).VLAN()
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Addr: a.Addr().As4(), Port: int(a.Port())}
	}
	return &unix.SockaddrInet6{Addr: a.Addr().As16(), Port: int(a.Port())}
}

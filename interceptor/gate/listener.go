package gate

import (
	"errors"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"limpid/interceptor"
	"limpid/proxy/handover"
	"limpid/proxy/scoreboard"
	"limpid/proxy/socket"
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
func (l *listener) Ready(uint32) { l.accept() }

// accept accepts a batch, and says whether more may wait.
func (l *listener) accept() (more bool) {
	for range acceptBatch {
		fd, client, err := socket.Accept(l.fd)
		switch {
		case err == nil:
			l.gate.accepted(fd, client)
		case socket.OutOfDescriptors(err):
			l.gate.pauseAccepting(err)
			return false
		case errors.Is(err, unix.ECONNABORTED), errors.Is(err, unix.EINTR):
		default: // EAGAIN: done
			return false
		}
	}
	return true
}

// acceptAll accepts what waits now, as far as descriptors go.
func (g *Gate) acceptAll() {
	for _, fd := range g.Listeners {
		for l := (&listener{gate: g, fd: fd}); l.accept(); {
			continue
		}
	}
}

func (g *Gate) pauseAccepting(err error) {
	if g.paused.IsZero() {
		g.log.Warn("cannot accept: connections wait", "error", err)
	}
	g.paused = g.loop.Now().Add(acceptPause)
	g.heed()
}

func (g *Gate) resumeAccepting() {
	g.paused = time.Time{}
	g.heed()
}

// heed accepts connections, or leaves them to the proxy, as things are now: in
// accept mode the proxy takes them off the listeners itself while it lives.
func (g *Gate) heed() {
	want := g.paused.IsZero() && (!g.direct() || !g.proxy.takes())
	switch {
	case want == g.accepting:
	case want:
		g.accepting = true
		for _, fd := range g.Listeners {
			if err := g.loop.Add(fd, unix.EPOLLIN, &listener{gate: g, fd: fd}); err != nil {
				g.log.Error("cannot watch a listener", "error", err)
			}
		}
	default:
		g.accepting = false
		for _, fd := range g.Listeners {
			g.loop.Remove(fd)
		}
	}
}

// direct says that the proxy accepts connections itself: nobody is to be asked
// before the client is answered.
func (g *Gate) direct() bool { return g.Handshake != interceptor.Mirror }

// accepted finds out where a client wanted to go and sends its flow on.
func (g *Gate) accepted(fd int, client netip.AddrPort) {
	server, err := socket.LocalAddress(fd)
	if err != nil {
		socket.Close(fd)
		return
	}
	flow := &handover.Flow{ID: g.nextID(), Client: client, Server: server, ClientFD: fd, Started: g.loop.Now()}
	if server.Addr().IsLoopback() {
		g.forwardHealth(flow)
		return
	}
	g.forward(flow)
}

// forward gives an accepted connection its upstream and hands both over.
func (g *Gate) forward(flow *handover.Flow) {
	g.Board.Add(scoreboard.Accepted, 1)
	flow.VLAN = vlanOf(flow.ClientFD)
	if p := g.pending[tuple{flow.Client, flow.Server}]; p != nil && p.approved {
		flow.UpstreamFD, flow.Mirror, flow.Started, flow.Connected = g.claim(p), true, p.started, p.answered.Sub(p.started)
		g.offer(flow)
		return
	}
	f := *flow // a returned one is only lent
	connect := func() (err error) {
		if f.UpstreamFD, err = g.connect(f.Client, f.Server, upstreamOptions{vlan: f.VLAN}); err == nil {
			g.offer(&f)
		}
		return err
	}
	fail := func(err error) {
		g.Board.Add(scoreboard.UpstreamFailed, 1)
		g.log.Debug("cannot connect upstream", "client", f.Client, "server", f.Server, "error", err)
		socket.Reset(f.ClientFD)
	}
	g.whenFree(connect, fail, fail)
}

// forwardHealth does the same for the watchdog, who connects to the listener
// itself.
func (g *Gate) forwardHealth(flow *handover.Flow) {
	if err := g.ConnectHealth(flow); err != nil {
		g.log.Warn("cannot serve a health check", "error", err)
		socket.Reset(flow.ClientFD)
		return
	}
	g.offer(flow)
}

// vlanOf is the VLAN in the mark a socket took from its SYN.
func vlanOf(fd int) uint16 {
	mark, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_MARK)
	if err != nil {
		return 0
	}
	return interceptor.Mark(mark).VLAN()
}

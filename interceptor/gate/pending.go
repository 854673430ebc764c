package gate

import (
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"limpid/proxy/scoreboard"
	"limpid/proxy/socket"
)

// pending is a client whose SYN is held while the server is asked, or who was
// answered and has not completed its handshake yet.
type pending struct {
	gate     *Gate
	syn      synPacket
	packet   uint32 // of the queue; its verdict is due until decided
	vlan     uint16
	fd       int // upstream
	started  time.Time
	answered time.Time // by the server, once approved
	approved bool
	done     bool // decided for the bridge, claimed or given up
}

// pendingQueue holds the pending in the order of their deadlines. All of a
// stage wait equally long, so a list for each stage is in order by itself.
type pendingQueue struct{ asked, answered []*pending }

func (q *pendingQueue) each(f func(*pending)) {
	for _, list := range [][]*pending{q.asked, q.answered} {
		for _, p := range list {
			if !p.done {
				f(p)
			}
		}
	}
}

// expire gives up those whose time has passed.
func (q *pendingQueue) expire(g *Gate, now time.Time) {
	for len(q.asked) > 0 {
		p := q.asked[0]
		if !p.done && !p.approved {
			if now.Sub(p.started) < g.AnswerTimeout {
				break
			}
			// It may be the gate that is late: then the server's first words may be here,
			// and given up the connection would be reset.
			if p.isConnected() {
				p.Ready(0)
			}
		}
		if !p.done && !p.approved {
			g.Board.Add(scoreboard.SynBridgedSlow, 1)
			g.slow.add(p.syn.tuple, now)
			g.toBridge(p)
		}
		q.asked = q.asked[1:]
	}
	for len(q.answered) > 0 {
		p := q.answered[0]
		if !p.done {
			if now.Sub(p.started) < g.AnswerTimeout+g.ClientTimeout {
				break
			}
			// It may have been the gate that was late: its client waits to be accepted then.
			g.acceptAll()
		}
		if !p.done {
			g.abandon(p)
		}
		q.answered = q.answered[1:]
	}
}

// asked decides on a SYN that may be captured: hold it and ask the server, or bridge it.
func (g *Gate) asked(packet uint32, vlan uint16, syn synPacket) {
	if p := g.pending[syn.tuple]; p != nil {
		g.askedAgain(packet, p)
		return
	}
	switch {
	case !g.proxy.takes():
		g.bridge(packet, scoreboard.SynBridgedProxy)
		return
	case g.active() >= g.MaxConnections:
		g.bridge(packet, scoreboard.SynBridgedFull)
		return
	case g.slow.has(syn.tuple, g.loop.Now()):
		g.bridge(packet, scoreboard.SynBridgedSlow)
		return
	}
	ask := func() error { return g.ask(packet, vlan, syn) }
	fail := func(err error) {
		g.log.Debug("cannot ask the server", "error", err)
		g.bridge(packet, scoreboard.SynBridgedOther)
	}
	// Bridged, it would meet the end of the last connection at the server.
	late := func(error) { g.syns.drop(packet) }
	g.whenFree(ask, fail, late)
}

// ask begins the question to the server.
func (g *Gate) ask(packet uint32, vlan uint16, syn synPacket) error {
	if p := g.pending[syn.tuple]; p != nil { // another copy did not have to wait
		g.askedAgain(packet, p)
		return nil
	}
	fd, err := g.connect(syn.client, syn.server, upstreamOptions{vlan: vlan, ttl: syn.ttl, tos: syn.tos})
	if err != nil {
		return err
	}
	p := &pending{gate: g, syn: syn, packet: packet, vlan: vlan, fd: fd, started: g.loop.Now()}
	if err := g.loop.Add(fd, unix.EPOLLOUT|unix.EPOLLET, p); err != nil {
		socket.Close(fd)
		return fmt.Errorf("watch the question to %v: %w", syn.server, err)
	}
	g.pending[syn.tuple] = p
	g.queue.asked = append(g.queue.asked, p)
	return nil
}

// askedAgain is a SYN whose first copy is known: while the server is asked, the
// copy is dropped; after the answer it is let to the listener, whose SYN-ACK
// must have been lost.
func (g *Gate) askedAgain(packet uint32, p *pending) {
	if p.approved {
		g.Board.Add(scoreboard.SynCaptured, 1)
		g.syns.capture(packet, p.vlan)
		return
	}
	g.Board.Add(scoreboard.SynDuplicate, 1)
	g.syns.drop(packet)
}

// isConnected says that the server has answered, whoever has been told so. getpeername(2)
// fails before (net/ipv4/af_inet.c, inet_getname).
func (p *pending) isConnected() bool {
	_, err := unix.Getpeername(p.fd)
	return err == nil
}

// Ready is called when the server has answered, or cannot be reached.
func (p *pending) Ready(uint32) {
	g := p.gate
	problem, err := unix.GetsockoptInt(p.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil || problem != 0 {
		if p.approved {
			g.abandon(p)
			return
		}
		// The client's own SYN will be refused by the server itself. Routers tell one
		// address so once a second or so (RFC 1812, section 4.3.2.8), and have told us:
		// the client's next copy must not be the second one again.
		if err != nil || syscall.Errno(problem) != unix.ECONNREFUSED {
			g.slow.add(p.syn.tuple, g.loop.Now())
		}
		g.Board.Add(scoreboard.SynBridgedRefused, 1)
		g.toBridge(p)
		return
	}
	if p.approved {
		return
	}
	p.approved, p.answered = true, g.loop.Now()
	g.queue.answered = append(g.queue.answered, p)
	g.Board.Add(scoreboard.SynCaptured, 1)
	g.syns.capture(p.packet, p.vlan)
}

// claim ends the wait for a client that has completed its handshake.
func (g *Gate) claim(p *pending) (upstream int) {
	g.forget(p)
	return p.fd
}

// toBridge lets the client's own SYN through. Our unanswered one is given up
// silently: closing a socket in SYN-SENT sends nothing.
func (g *Gate) toBridge(p *pending) {
	g.forget(p)
	socket.Close(p.fd)
	g.syns.bridge(p.packet)
}

// abandon gives up a pending for good: nobody may wait for it.
func (g *Gate) abandon(p *pending) {
	if !p.approved {
		g.toBridge(p)
		return
	}
	g.forget(p)
	socket.Reset(p.fd)
}

func (g *Gate) forget(p *pending) {
	g.loop.Remove(p.fd)
	delete(g.pending, p.syn.tuple)
	p.done = true
}

func (g *Gate) bridge(packet uint32, reason scoreboard.Cell) {
	g.Board.Add(reason, 1)
	g.syns.bridge(packet)
}

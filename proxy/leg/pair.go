package leg

import (
	"fmt"

	"golang.org/x/sys/unix"

	"limpid/proxy/socket"
)

// Ending is how a pair ended.
type Ending uint8

// Endings.
const (
	Open            Ending = iota // it has not ended
	Finished                      // both ends sent FIN and everything before it was delivered
	ResetByClient                 // the client's connection broke; the upstream was reset
	ResetByUpstream               // the upstream's connection broke; the client was reset
	UpstreamLost                  // the upstream connection could not be made; the client was reset
	Cut                           // both were reset from here
)

var endingNames = [...]string{"open", "finished", "reset by client", "reset by upstream", "upstream lost", "cut"}

// String names the ending in words.
func (e Ending) String() string { return endingNames[e] }

// Pair is a client's socket, an upstream socket and the two directions between
// them. Embed it by value; it must not be copied once open.
type Pair struct {
	pool             *Pool
	client, upstream Leg
	up, down         half
	ending           Ending
	delivery         int32 // place in pool.delivering, from 1 on; 0 for none
}

// Open takes ownership of two nonblocking stream sockets and watches them.
// connecting says that connect(2) on the upstream may not have ended; else both
// are connected. owner.Drive is called when they may move bytes, also for the
// first time. When it fails both sockets are reset.
func (p *Pair) Open(pool *Pool, client, upstream int, connecting bool, owner Owner) error {
	p.pool = pool
	if err := p.client.open(pool.loop, client, false, owner); err != nil {
		socket.Reset(client)
		socket.Reset(upstream)
		p.ending = Cut
		return fmt.Errorf("open client leg: %w", err)
	}
	if err := p.upstream.open(pool.loop, upstream, connecting, owner); err != nil {
		p.Cut()
		return fmt.Errorf("open upstream leg: %w", err)
	}
	return nil
}

// First puts bytes in front of what the client's socket brings, at most
// HoldLimit of them. They pass without being shown to a filter. Call it
// between Open and the first Drive.
func (p *Pair) First(b []byte) {
	if len(b) == 0 {
		return
	}
	p.up.buf = p.pool.buffer(len(b))
	n := copy(p.up.buf.data, b)
	p.up.buf.pass, p.up.buf.end = n, n
}

// Carry moves what can be moved now, mirrors ends and resets, and says how the
// pair ended, if it did. Call it from Drive.
func (p *Pair) Carry(up, down Filter) Ending {
	if p.ending != Open {
		return p.ending
	}
	if p.upstream.is(lost) {
		p.end(UpstreamLost)
		return p.ending
	}
	budget := turnLimit
	for {
		moved := p.up.pump(p.pool, &p.client, &p.upstream, up, &budget)
		moved = p.down.pump(p.pool, &p.upstream, &p.client, down, &budget) || moved
		if !moved {
			break
		}
		if budget <= 0 {
			// The rest of this turn's work waits in the sockets.
			p.pool.loop.Again(&p.client)
			return Open
		}
	}
	switch {
	case p.client.is(broken) && p.delivers(&p.up, &p.client, &p.upstream):
	case p.client.is(broken):
		p.end(ResetByClient)
	case p.upstream.is(broken) && p.delivers(&p.down, &p.upstream, &p.client):
	case p.upstream.is(broken):
		p.end(ResetByUpstream)
	case p.up.done && p.down.done:
		p.end(Finished)
	default:
		p.mirrorFIN(&p.up, &p.upstream)
		p.mirrorFIN(&p.down, &p.client)
	}
	return p.ending
}

// delivers reports whether what src sent before it broke is still on its way:
// on a wire it is ahead of the reset, once it is acknowledged. A dst that takes
// nothing of it for silenceLimit, or not all of it within wholeLimit, loses it.
func (p *Pair) delivers(h *half, src, dst *Leg) bool {
	if dst.is(broken|lost) || src.is(ended) && h.held() == 0 {
		return false
	}
	return p.pool.patient(p, h.bytes)
}

// mirrorFIN sends FIN on dst once everything before it was sent.
func (p *Pair) mirrorFIN(h *half, dst *Leg) {
	if h.done && !dst.is(finished) {
		dst.finish()
		if dst.is(broken) {
			p.pool.loop.Again(dst)
		}
	}
}

// Finish closes both legs orderly. What waits is thrown away: call it when
// nothing does.
func (p *Pair) Finish() Ending {
	if p.ending == Open {
		p.end(Finished)
	}
	return p.ending
}

// Cut resets both legs at once and throws away what waits.
func (p *Pair) Cut() Ending {
	if p.ending == Open {
		p.end(Cut)
	}
	return p.ending
}

func (p *Pair) end(how Ending) {
	p.ending = how
	loop, by := p.pool.loop, p.pool.delivered(p)
	switch how {
	case Finished:
		// Closing sends the FIN that is still due.
		p.client.close(loop)
		p.upstream.close(loop)
	case ResetByClient:
		p.client.close(loop)
		p.pool.resetAfterData(&p.upstream, by)
	case ResetByUpstream:
		p.upstream.close(loop)
		p.pool.resetAfterData(&p.client, by)
	case UpstreamLost:
		p.upstream.close(loop)
		p.client.reset(loop)
	default:
		p.client.reset(loop)
		p.upstream.reset(loop)
	}
	p.up.end(p.pool)
	p.down.end(p.pool)
}

// Bytes is how many bytes were sent to the upstream and to the client.
func (p *Pair) Bytes() (up, down uint64) { return p.up.bytes, p.down.bytes }

// Received is how many bytes were read from the client and from the upstream.
func (p *Pair) Received() (up, down uint64) {
	return p.up.bytes + uint64(p.up.held()), p.down.bytes + uint64(p.down.held())
}

// Held is how many bytes were read and could not be sent yet, in both
// directions together.
func (p *Pair) Held() int { return p.up.held() + p.down.held() }

// UpstreamEnded reports whether the upstream has sent FIN and everything before
// it was delivered to the client.
func (p *Pair) UpstreamEnded() bool { return p.down.done }

// Probe has the upstream socket look for a dead peer as often as the client's
// does (tcp(7), TCP_KEEPIDLE and its kin). The idle time comes last: set on a
// socket that probes already, it counts from what was last heard, not from now
// (net/ipv4/tcp.c: tcp_sock_set_keepidle_locked).
func (p *Pair) Probe() error {
	if p.ending != Open {
		return nil
	}
	for _, o := range [...]struct{ level, option int }{
		{unix.SOL_SOCKET, unix.SO_KEEPALIVE},
		{unix.SOL_TCP, unix.TCP_KEEPINTVL}, {unix.SOL_TCP, unix.TCP_KEEPCNT}, {unix.SOL_TCP, unix.TCP_KEEPIDLE},
	} {
		value, err := unix.GetsockoptInt(int(p.client.fd), o.level, o.option)
		if err == nil {
			err = socket.Set(int(p.upstream.fd), o.level, o.option, value)
		}
		if err != nil {
			return fmt.Errorf("set keepalive: %w", err)
		}
	}
	return nil
}

// Acknowledge has the kernel acknowledge at once what the client has sent (tcp(7),
// TCP_QUICKACK), and what it sends next, as it does on a new connection.
func (p *Pair) Acknowledge() {
	if p.ending == Open {
		_ = socket.Set(int(p.client.fd), unix.SOL_TCP, unix.TCP_QUICKACK, 1)
	}
}

// Confirm has the kernel send the ACK that ends the handshake with the upstream, if it
// still waits for data to go along (TCP_QUICKACK was 0 before connect(2);
// net/ipv4/tcp_input.c, tcp_rcv_synsent_state_process).
func (p *Pair) Confirm() {
	if p.ending == Open {
		_ = socket.Set(int(p.upstream.fd), unix.SOL_TCP, unix.TCP_QUICKACK, 1)
	}
}

// Connecting reports whether the upstream connection is still being made.
func (p *Pair) Connecting() bool { return p.upstream.is(connecting) }

// Cause is why the pair ended by a break: the error of the socket that broke,
// or nil.
func (p *Pair) Cause() error {
	for _, l := range []*Leg{&p.upstream, &p.client} {
		if l.errno != 0 {
			return unix.Errno(l.errno)
		}
	}
	return nil
}

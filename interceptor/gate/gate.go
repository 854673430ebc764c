package gate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"limpid/interceptor"
	"limpid/proxy/eventloop"
	"limpid/proxy/handover"
	"limpid/proxy/leg"
	"limpid/proxy/scoreboard"
	"limpid/proxy/socket"
)

// tick is how often timeouts are looked at.
const tick = 25 * time.Millisecond

// Gate is the one of its process.
type Gate struct {
	Settings
	Sockets
	log  *slog.Logger
	loop *eventloop.Loop
	pool *leg.Pool
	keep keepalive

	ids     uint64
	offers  offers
	proxy   taker
	syns    *synQueue // nil unless mirror
	pending map[tuple]*pending
	queue   pendingQueue
	slow    slowPairs
	carried map[uint64]*carriage
	taken   []attempt // connections whose port is not free yet, oldest first

	accepting bool      // the listeners are watched
	paused    time.Time // accepting waits until then: descriptors ran out
	waits     offers    // when connections came that the proxy has not accepted

	seenAccepts uint64 // by the proxy, when last looked at
}

// errEnds is why what waits at the gate's end is given up.
var errEnds = errors.New("the gate ends")

// New makes a gate, and binds the SYN queue if the handshake is mirrored.
func New(settings Settings, sockets Sockets, log *slog.Logger) (*Gate, error) {
	loop, err := eventloop.New()
	if err != nil {
		return nil, fmt.Errorf("start gate: %w", err)
	}
	pool, err := leg.NewPool(loop)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start gate: %w", err), loop.Close())
	}
	g := &Gate{
		Settings: settings.DefaultTimeouts(), Sockets: sockets, log: log, loop: loop, pool: pool,
		// Identifiers stay unique across restarts of the gate.
		ids:     uint64(time.Now().UnixNano()),
		pending: make(map[tuple]*pending),
		slow:    make(slowPairs),
		carried: make(map[uint64]*carriage),
	}
	g.proxy.gate = g
	if err := g.watch(); err != nil {
		return nil, errors.Join(err, loop.Close())
	}
	return g, nil
}

func (g *Gate) watch() error {
	if len(g.Listeners) == 0 {
		return errors.New("start gate: no listener")
	}
	var err error
	if g.keep, err = keepaliveOf(g.Listeners[0]); err != nil {
		return fmt.Errorf("start gate: %w", err)
	}
	g.heed()
	for _, s := range g.Supplies {
		s.clear()
	}
	if g.direct() {
		if err := g.loop.Add(g.Returned.FD(), unix.EPOLLIN, &returns{gate: g}); err != nil {
			return fmt.Errorf("start gate: %w", err)
		}
	}
	if err := g.loop.Every(tick, g.tick); err != nil {
		return fmt.Errorf("start gate: %w", err)
	}
	if g.Handshake != interceptor.Mirror {
		return nil
	}
	syns, err := bindQueue(g.Queue)
	if err != nil {
		return err
	}
	syns.gate = g
	g.syns = syns
	if err := g.loop.Add(syns.fd, unix.EPOLLIN, syns); err != nil {
		return errors.Join(fmt.Errorf("start gate: %w", err), syns.close())
	}
	return nil
}

// Run serves until ctx ends. Flows the gate carries then are cut.
func (g *Gate) Run(ctx context.Context) error {
	g.log.Info("gate runs", "handshake", g.Handshake, "max_connections", g.MaxConnections, "health_origin", g.HealthOrigin)
	err := g.loop.Run(ctx)
	g.queue.each(g.abandon)
	for _, a := range g.taken {
		a.giveUp(errEnds)
	}
	for _, c := range g.carried {
		c.tunnel.Cut()
	}
	g.pool.Close()
	if g.syns != nil {
		err = errors.Join(err, g.syns.close())
	}
	return errors.Join(err, g.loop.Close())
}

func (g *Gate) tick() {
	g.Board.Beat(0)
	g.Board.Set(scoreboard.GateGoroutines, uint64(runtime.NumGoroutine()))
	now := g.loop.Now()
	g.queue.expire(g, now)
	g.slow.forget(now)
	g.tryAgain(now)
	g.reclaim(now)
	if g.direct() {
		g.watchBacklog(now)
		g.stock()
	}
	if !g.paused.IsZero() && now.After(g.paused) {
		g.resumeAccepting()
	}
}

// active is how many flows are open now, in the proxy, on the way to it, in
// the gate, or about to begin.
func (g *Gate) active() int {
	handed := g.Board.Get(scoreboard.HandedOver) - g.Board.Get(scoreboard.TakenBack) + g.ProxyBoard.Get(scoreboard.Direct)
	inProxy := int64(handed - g.ProxyBoard.Get(scoreboard.Ended))
	return int(max(inProxy, 0)) + len(g.carried) + len(g.pending) + len(g.taken)
}

func (g *Gate) nextID() uint64 { g.ids++; return g.ids }

func closeFlow(f *handover.Flow) {
	socket.Reset(f.ClientFD)
	socket.Reset(f.UpstreamFD)
}

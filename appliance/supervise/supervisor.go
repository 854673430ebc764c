package supervise

import (
	"cmp"
	"context"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/appliance/history"
	"limpid/appliance/metrics"
	"limpid/appliance/neighbours"
	"limpid/appliance/watchdog"
)

// orphanGrace, on top of the armed element's timeout, is Told.Grace where the
// gate holds the rules' owner: by then no new connection has been captured for
// a while, and few are left to be cut.
const orphanGrace = 800 * time.Millisecond

// drainTime is how long an orderly end waits for flows to finish.
const drainTime = 2 * time.Second

// Supervisor runs everything. Make one with New.
type Supervisor struct {
	Options
	sockets  *sockets
	wire     Wire
	capture  Capture
	origin   *watchdog.Origin
	socket   net.Listener
	core     *Core
	gate     *keeper
	proxy    *keeper
	page     *page
	packets  *packetCapturer
	heard    *neighbours.Listener
	ladders  *ladderMaker
	watchdog *watchdog.Watchdog
	loops    int
	limit    uint64 // of descriptors
	flows    int    // at once, within that limit
	lock     *os.File
	reapply  chan struct{} // wakes keepRules
	flapped  chan struct{} // a link was down and is up again
	exporter *metrics.Exporter
	begun    time.Time
	history  *history.History
	drills   *drills
	checks   struct{ passed, failed atomic.Uint64 } // health checks that have ended
	// addressed says that the box has the address of its settings.
	addressed atomic.Bool
	looks     looks

	again chan Again    // limpid must start anew
	tried chan struct{} // a trial has begun or ended

	changing sync.Mutex // held while the configuration changes
	starting sync.Mutex // of children
	mu       sync.Mutex // guards all below
	config   *config.Config
	state    WireState
	frames   control.Frames
	problems map[string]string // by what they concern
	beats    [2]beat
	passed   time.Time // when a health check passed last
	failure  string    // of the last one; empty when it passed
}

// New loads the configuration and looks whether all that is needed can be had.
// The wire is not touched: any error here leaves things as they are, and
// nothing is logged beside it.
func New(ctx context.Context, o Options) (*Supervisor, error) {
	o.FlowTimeout = cmp.Or(o.FlowTimeout, FlowTimeout)
	s := &Supervisor{
		Options: o, reapply: make(chan struct{}, 1), flapped: make(chan struct{}, 1), again: make(chan Again, 1), tried: make(chan struct{}, 1),
		problems: make(map[string]string), begun: time.Now(), history: history.New(historyNames()), drills: newDrills(),
	}
	var err error
	if s.config, err = firstConfig(o); err == nil {
		err = s.open(ctx)
	}
	if err != nil {
		_ = s.close() // nothing in it was used: the first error is the one to mend
		return nil, err
	}
	return s, nil
}

// Run builds the bridge and the rules and keeps everything running until ctx
// ends, then leaves in order: capture stops, flows may finish for 2 s, the
// rules are withdrawn, the bridge stays and forwards. It returns an error only
// if something could not be left as it should be, or Again if that was not the end.
func (s *Supervisor) Run(ctx context.Context) error {
	// The parts end in the order of finish, not all with ctx.
	outer, stopOuter := context.WithCancel(context.WithoutCancel(ctx))
	defer stopOuter()
	checks, stopChecks := context.WithCancel(outer)
	defer stopChecks()
	gateCtx, stopGate := context.WithCancel(outer)
	defer stopGate()
	proxyCtx, stopProxy := context.WithCancel(outer)
	defer stopProxy()
	pageCtx, stopPage := context.WithCancel(outer)
	defer stopPage()

	if most := s.current().Intercept.MaxConnections; s.flows < most {
		s.Log.Warn("descriptor limit allows fewer connections: raise it with ulimit -Hn or LimitNOFILE",
			"limit", s.limit, "max_connections", most, "allowed", s.flows)
	}
	var parts, gate, proxy, page, health sync.WaitGroup
	s.report("factory reset", s.Unfinished)
	state, err := s.wire.Ensure(outer) // also where limpid is to end at once: the one before may have made room for it
	s.report("bridge", err)
	s.wireChanged(state)
	s.beginLooks()
	totals := s.openHistory()
	_ = s.makeLogDir() // before the proxy looks; keepLogDir says what is wrong
	parts.Go(func() { s.keepLogDir(outer) })
	parts.Go(func() { s.keepWire(outer) })
	parts.Go(func() { s.keepRules(outer) })
	parts.Go(func() { s.answer(outer) })
	parts.Go(func() { s.serveOrigin(outer) })
	parts.Go(func() { s.KeepAddress(outer, s.current(), addressedWire{s.wire, s}, s.flapped, s.Log) })
	parts.Go(func() { s.reloads(outer) })
	parts.Go(func() { s.keepTrial(outer) })
	parts.Go(func() { s.keepHistory(outer, totals) })
	parts.Go(func() { s.keepDrills(outer) })
	parts.Go(func() { s.page.watch(outer) })
	parts.Go(func() { s.packets.run(outer) })
	parts.Go(func() { s.heard.Run(outer) })
	parts.Go(func() { s.ladders.run(outer) })
	page.Go(func() { s.keepPage(pageCtx) })
	gate.Go(func() { s.gate.run(gateCtx) })
	proxy.Go(func() { s.proxy.run(proxyCtx) })
	health.Go(func() { s.watchdog.Run(checks) })

	var again error
	select {
	case <-ctx.Done():
	case a := <-s.again:
		a.Bypass = s.core.snapshot().Ordered
		again = a
	}
	s.Log.Info("stopping: new connections are bridged, the bridge stays")
	s.core.change(func(in *Inputs) { in.Stopping = true })
	s.drain()
	stopChecks()
	health.Wait()
	// The proxy first: its resets need the rules to find their way.
	stopProxy()
	proxy.Wait()
	stopGate()
	gate.Wait()
	// The page while there is somebody whom it can ask.
	stopPage()
	page.Wait()
	stopOuter()
	parts.Wait()
	if err := s.close(); err != nil {
		return err
	}
	return again
}

// drain waits until no flow is active, or drainTime is over.
func (s *Supervisor) drain() {
	for deadline := time.Now().Add(drainTime); s.sockets.active() > 0 && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
}

// keepWire watches the bridge; what ends the watch is tried again.
func (s *Supervisor) keepWire(ctx context.Context) {
	s.persist(ctx, "bridge", func() error { return s.wire.Watch(ctx, s.wireChanged) })
}

func (s *Supervisor) serveOrigin(ctx context.Context) {
	if err := s.origin.Serve(ctx); err != nil {
		s.report("health checks", err)
	}
}

func (s *Supervisor) answer(ctx context.Context) {
	if err := control.Serve(ctx, s.socket, backend{s}); err != nil {
		s.report("control socket", err)
	}
}

func (s *Supervisor) wireChanged(state WireState) {
	s.mu.Lock()
	before := s.state
	s.state = state
	s.mu.Unlock()
	s.core.change(func(in *Inputs) { in.Wire = state.Broken })
	wake(s.reapply)
	if !before.LAN.Carrier && state.LAN.Carrier || !before.WAN.Carrier && state.WAN.Carrier {
		wake(s.flapped)
	}
}

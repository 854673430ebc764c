package supervise

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"limpid/appliance/child"
	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/appliance/history"
	"limpid/appliance/metrics"
	"limpid/appliance/neighbours"
	"limpid/appliance/settings"
	"limpid/appliance/watchdog"
	"limpid/interceptor"
	"limpid/proxy/scoreboard"
)

// Told is what children's settings are made of.
type Told struct {
	Config    *config.Config
	Handshake string         // chosen for this kernel
	Flows     int            // at once, at most
	Loops     int            // event loops of the proxy
	Origin    netip.AddrPort // of health checks
	// Grace is how long children that lose their supervisor go on: with the
	// rules kept alive they serve what they have, without they must end.
	Grace time.Duration
}

// Options are what a supervisor is made of. All are needed but Settings, Bypass, Carried, Unfinished, FlowTimeout, Updates, SetTime, Built and Hardware.
type Options struct {
	ConfigPath string
	// SettingsPath is the file that changes of the settings are written to; usually
	// ConfigPath. Settings keeps it, which Run opens: without, they cannot be changed.
	// A change on trial in it is what runs.
	SettingsPath string
	Settings     *settings.Store
	// Bypass is what a person has ordered before.
	Bypass control.Override
	// Carried is from the supervisor before; nil: there was none.
	Carried *Carried
	// Unfinished is what keeps a factory reset from being done; nil: nothing.
	Unfinished error

	RunDir  string
	Version string
	// TunnelReasons names the reasons for tunnels, by their cell from
	// scoreboard.TunnelBy on.
	TunnelReasons []string
	Log           *slog.Logger
	Reload        <-chan os.Signal // each receipt reads the configuration again

	OpenWire    func(context.Context, *config.Config, *slog.Logger) (Wire, error)
	OpenCapture func(context.Context, *config.Config, time.Duration, *slog.Logger) (Capture, error)
	// GateSettings and ProxySettings make the first line on a child's link.
	GateSettings  func(Told) any
	ProxySettings func(Told) any
	WebSettings   func(Page) any
	// Program is what children execute, and Arguments what follows its name.
	Program   string
	Arguments func(name string) []string
	Env       []string
	// KeepAddress keeps the management address until ctx ends. flapped tells
	// that a port's link was down and is up again.
	KeepAddress func(ctx context.Context, c *config.Config, wire Wire, flapped <-chan struct{}, log *slog.Logger)
	// FlowTimeout is how long an idle flow keeps its slot; 0 for the usual.
	FlowTimeout time.Duration
	// Updates, if limpid runs from a slot, replaces the firmware; Board is the
	// kind of box.
	Updates control.Updater
	Board   string
	// Credentials is the folder of the web page's certificate and password; while it
	// is not there they are in memory.
	Credentials string
	// SetTime sets the system's clock to what a person says; nil: it is not ours to set.
	// Built is when the firmware was, zero where nobody knows.
	SetTime func(time.Time) error
	Built   time.Time
	// Hardware, if there is one, is fed with every health check that passes.
	Hardware interface{ Feed() error }
}

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
	looks    looks

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
	if s.config, err = s.firstConfig(); err == nil {
		err = s.open(ctx)
	}
	if err != nil {
		_ = s.close() // nothing in it was used: the first error is the one to mend
		return nil, err
	}
	return s, nil
}

func (s *Supervisor) open(ctx context.Context) error {
	c := s.config
	var err error
	if s.lock, err = lockDir(s.RunDir); err != nil {
		return err
	}
	if s.capture, err = s.OpenCapture(ctx, c, s.FlowTimeout, s.Log); err != nil {
		return err
	}
	if s.wire, err = s.OpenWire(ctx, c, s.Log); err != nil {
		return err
	}
	limit, err := raiseDescriptors(c.Intercept.MaxConnections)
	if err != nil {
		return err
	}
	s.limit, s.flows = limit, flowsWithin(limit, c.Intercept.MaxConnections)
	if err := endOrphans(ctx, s.RunDir, orphanPatience); err != nil {
		return err
	}
	if s.sockets, err = awaitSockets(ctx, c.Proxy.Port, c.Intercept.IPv6, keepaliveFor(s.FlowTimeout)); err != nil {
		return err
	}
	if s.origin, err = watchdog.ListenOrigin(ctx); err != nil {
		return err
	}
	if s.socket, err = control.Listen(ctx, s.RunDir, child.WebGID); err != nil {
		return err
	}
	s.loops = min(runtime.NumCPU(), scoreboard.MaxLoops)
	s.core = newCore(s.Log, s.capture, time.Now, c.Watchdog.Timeout)
	s.core.change(func(in *Inputs) { in.Bypass = s.Bypass })
	s.gate = s.keeper("gate", s.GateSettings, child.GateUser(), func(link int) []int {
		return s.sockets.gateFiles(link, s.capture.Owner())
	}, theGate, func() { s.sockets.gateEnded() })
	s.proxy = s.keeper("proxy", s.ProxySettings, child.ProxyUser(), s.proxyFiles, theProxy, func() { s.proxyCut(); s.sockets.proxyEnded() })
	s.page = s.newPage()
	s.packets = s.newPacketCapturer()
	s.heard = s.newListener()
	s.ladders = s.newLadderMaker()
	listener := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), c.Proxy.Port)
	s.watchdog = watchdog.New(watchdog.Config{Listener: listener, Interval: c.Watchdog.Interval, Timeout: c.Watchdog.Timeout}, s)
	s.exporter, err = s.newExporter()
	return err
}

func (s *Supervisor) keeper(name string, settings func(Told) any, user child.User, files func(int) []int,
	which func(*Inputs) *Child, balance func(),
) *keeper {
	return &keeper{
		name: name, log: s.Log, again: make(chan struct{}),
		command: command{name: name, path: s.Program, args: append([]string{"limpid"}, s.Arguments(name)...), env: s.Env,
			user: user, files: files, log: &lineLog{s.Log.With("child", name)}},
		settings: func() any { return settings(s.told()) },
		started:  func() { s.childStarted(which) },
		ended: func(reason string) {
			s.core.childDown(which, reason, s.lastBeat(name))
			balance()
		},
	}
}

// proxyFiles are the proxy's descriptors. Where nobody has to be asked before a
// client is answered, it accepts connections itself.
func (s *Supervisor) proxyFiles(link int) []int {
	_, handshake := s.capture.Methods()
	return s.sockets.proxyFiles(link, handshake == string(interceptor.Accept))
}

func (s *Supervisor) told() Told {
	_, handshake := s.capture.Methods()
	t := Told{Config: s.current(), Handshake: handshake, Flows: s.flows, Loops: s.loops, Origin: s.origin.Address()}
	if s.capture.Owner() != child.Absent {
		t.Grace = t.Config.Watchdog.Timeout + orphanGrace
	}
	return t
}

func (s *Supervisor) current() *config.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config
}

// childStarted tells everybody concerned.
func (s *Supervisor) childStarted(which func(*Inputs) *Child) {
	s.core.childUp(which)
	// One at a time: each notes both, the later one what is true.
	s.starting.Lock()
	defer s.starting.Unlock()
	s.noteChildren()
	// Whichever of the two is started last, the gate learns the proxy's pid.
	proxyPID, _, _ := s.proxy.state()
	if gate := s.gate.peer(); gate != nil && proxyPID != 0 {
		if err := gate.Notify(child.MethodProxyStarted, child.ProxyStarted{PID: proxyPID}); err != nil {
			s.Log.Warn("cannot tell the gate of the proxy", "error", err)
		}
	}
	s.watchdog.Kick()
}

// rememberChildren notes who they are, for a supervisor to come.
func (s *Supervisor) rememberChildren() {
	s.starting.Lock()
	defer s.starting.Unlock()
	s.noteChildren()
}

// noteChildren is called with the lock held.
func (s *Supervisor) noteChildren() {
	pids := make(map[string]int)
	for _, k := range []*keeper{s.gate, s.proxy, s.page.keeper} {
		pids[k.name], _, _ = k.state()
	}
	if err := rememberChildren(s.RunDir, pids); err != nil {
		s.Log.Warn("cannot note the children", "error", err)
	}
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

	if most := s.current().Intercept.MaxConnections; s.flows < most {
		s.Log.Warn("descriptor limit allows fewer connections: raise it with ulimit -Hn or LimitNOFILE",
			"limit", s.limit, "max_connections", most, "allowed", s.flows)
	}
	var parts, gate, proxy, health sync.WaitGroup
	s.report("factory reset", s.Unfinished)
	state, err := s.wire.Ensure(ctx)
	s.report("bridge", err)
	s.wireChanged(state)
	s.beginLooks()
	_ = s.makeLogDir() // before the proxy looks; keepLogDir says what is wrong
	parts.Go(func() { s.keepLogDir(outer) })
	parts.Go(func() { s.keepWire(outer) })
	parts.Go(func() { s.keepRules(outer) })
	parts.Go(func() { s.answer(outer) })
	parts.Go(func() { s.serveOrigin(outer) })
	parts.Go(func() { s.KeepAddress(outer, s.current(), s.wire, s.flapped, s.Log) })
	parts.Go(func() { s.reloads(outer) })
	parts.Go(func() { s.keepTrial(outer) })
	parts.Go(func() { s.keepHistory(outer) })
	parts.Go(func() { s.keepDrills(outer) })
	parts.Go(func() { s.keepPage(outer) })
	parts.Go(func() { s.page.watch(outer) })
	parts.Go(func() { s.packets.run(outer) })
	parts.Go(func() { s.heard.Run(outer) })
	parts.Go(func() { s.ladders.run(outer) })
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

// persist calls f until ctx ends, again after a wait when it fails.
func (s *Supervisor) persist(ctx context.Context, what string, f func() error) {
	var backoff Backoff
	for ctx.Err() == nil {
		begun := time.Now()
		err := f()
		if ctx.Err() != nil {
			return
		}
		s.report(what, err)
		wait(ctx, max(backoff.After(time.Since(begun)), firstDelay), nil)
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

// wake tells whoever waits on c, or will; once is enough.
func wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// report keeps a problem for status and logs it when it is new; nil mends it.
func (s *Supervisor) report(what string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := ""
	if err != nil {
		text = err.Error()
	}
	if s.problems[what] == text {
		return
	}
	if text == "" {
		delete(s.problems, what)
		s.Log.Info("mended", "what", what)
		return
	}
	s.problems[what] = text
	s.Log.Error("problem", "what", what, "error", err)
}

// close gives back whatever open has made.
func (s *Supervisor) close() error {
	var errs []error
	if s.capture != nil {
		errs = append(errs, s.capture.Close())
	}
	if s.socket != nil {
		// Served, it is closed already.
		if err := s.socket.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if s.origin != nil {
		if err := s.origin.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if s.sockets != nil {
		errs = append(errs, s.sockets.close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}

// wait returns when d is over, ctx has ended or woken receives.
func wait(ctx context.Context, d time.Duration, woken <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-woken:
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"limpid/test/lab"
)

// settings are what the flags say.
type settings struct {
	connections int           // at once
	addresses   int           // of clients
	warmers     int           // connections of the round before the soak; 0 for as many
	handshake   string        // as in limpid.toml
	flowTimeout time.Duration // after which the kernel forgets an idle flow; 0 for the usual
	soak        time.Duration // of the soak itself
	warm        time.Duration // of the round before it; 0 for a tenth
	rate        float64       // uses of connections a second, over all
	openRate    float64       // connections opened a second, at most
	large       int64         // limit of large bodies, in bytes
	patience    time.Duration // for what is under way
	seed        uint64
}

// soak is one run.
type soak struct {
	settings
	out       io.Writer
	lab       *lab.Lab
	limpid    *lab.Limpid
	blocks    *blocks
	sources   []string
	targets   targets
	slow      time.Duration // between two reads of a slow reader
	afterHead time.Duration // before a client resets
	served    *tally        // at the servers

	mu     sync.Mutex
	errs   []error
	cancel context.CancelCauseFunc
}

// mostErrors is how many failures a run tells of.
const mostErrors = 12

var errFailed = errors.New("the run has failed")

// fail takes note of what must not happen, and ends the run. What fails after
// that only fails because of it; a moment is left for others of the same cause.
func (s *soak) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.errs) == 0 {
		time.AfterFunc(100*time.Millisecond, func() { s.cancel(errFailed) })
	}
	if len(s.errs) < mostErrors && !errors.Is(err, context.Canceled) {
		s.errs = append(s.errs, fmt.Errorf("%s: %w", time.Now().Format("15:04:05.000"), err))
	}
}

// config gives limpid room for all connections, and for those that are ending
// while others begin.
const config = `
[bridge]
ports = ["eth0", "eth1"]
[management]
address = "none"
[intercept]
handshake = "%s"
max_connections = %d
# On a busy machine processes stand still for longer than usual, and a gate that
# is killed for it cuts the flows it carries.
[watchdog]
timeout = "10s"
`

// run is a whole run. The error tells all that went wrong.
func run(ctx context.Context, o settings, out io.Writer) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := &soak{
		settings: o, out: out, cancel: cancel, blocks: newBlocks(),
		slow: 5 * time.Millisecond, afterHead: 100 * time.Millisecond, served: newTally(),
	}
	if err := raiseDescriptors(o.connections); err != nil {
		return err
	}
	s.lab, err = lab.Build(ctx, lab.Options{Name: "soak"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.lab.Close()) }()
	if err := s.prepare(ctx); err != nil {
		return err
	}
	if err := s.rounds(ctx); err != nil {
		if !errors.Is(err, errFailed) {
			s.fail(err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return fmt.Errorf("%w\nlog of limpid:\n%s", errors.Join(s.errs...), tail(s.limpid.Log(), 40))
	}
	return nil
}

// prepare starts servers and limpid.
func (s *soak) prepare(ctx context.Context) error {
	far := &server{blocks: s.blocks, tally: s.served, patience: s.patience, slow: s.slow, fail: s.fail, random: rand.Uint64}
	for _, n := range []*lab.Node{s.lab.S1, s.lab.S2} {
		if _, err := n.Serve(":80", far.serveHTTP); err != nil {
			return err
		}
		s.targets.http4 = append(s.targets.http4, n.IP4().String()+":80")
		s.targets.http6 = append(s.targets.http6, "["+n.IP6().String()+"]:80")
	}
	if _, err := s.lab.S3.Serve(":80", far.serveBanner); err != nil {
		return err
	}
	s.targets.banner4, s.targets.banner6 = []string{s.lab.S3.IP4().String() + ":80"}, []string{"[" + s.lab.S3.IP6().String() + "]:80"}
	s.sources = sources(s.lab, s.addresses)
	var extra []string
	if s.flowTimeout > 0 {
		extra = []string{"--flow-timeout", s.flowTimeout.String()}
	}
	var err error
	if s.limpid, err = s.lab.StartLimpid(ctx, fmt.Sprintf(config, s.handshake, s.connections+s.connections/4+100), extra...); err != nil {
		return err
	}
	if err := s.limpid.WaitMode("inline", time.Minute); err != nil {
		return err
	}
	// Asked once now, while descriptors are few.
	if _, err := s.lab.FlowsHeld(); err != nil {
		return err
	}
	if strings.Contains(s.limpid.Log(), "descriptor limit allows fewer") {
		s.say("limpid: %s", firstLine(s.limpid.Log(), "descriptor limit allows fewer"))
	}
	return nil
}

// rounds are the load and what is measured between.
func (s *soak) rounds(ctx context.Context) error {
	thorough := s.soak >= time.Minute && s.flowTimeout == 0
	status, err := s.limpid.Status(ctx)
	if err != nil {
		return err
	}
	s.say("kernel %s, capture %s, handshake %s, %d processors", release(), status.Capture, status.Handshake, runtime.NumCPU())
	warm := s.warm
	if warm == 0 {
		warm = s.soak / 10
	}
	warmers := s.warmers
	if warmers == 0 {
		warmers = s.connections
	}
	if err := s.round("warm-up").run(ctx, mixed(), warmers, warm, nil); err != nil {
		return err
	}
	before, err := s.rest(ctx, thorough, nil)
	if err != nil {
		return err
	}
	main := s.round("soak")
	if err := main.run(ctx, mixed(), s.connections, s.soak, nil); err != nil {
		return err
	}
	after, err := s.rest(ctx, thorough, before)
	s.report(main, before, after)
	if err != nil {
		return err
	}
	if want := uint64(s.connections * 9 / 10); main.most < want {
		return fmt.Errorf("at most %d flows were held at a time, want %d: this proves nothing", main.most, want)
	}
	return s.stops(ctx, after, thorough)
}

func (s *soak) round(name string) *round {
	return &round{soak: s, name: name, large: s.large, tally: newTally()}
}

// report tells what the soak did.
func (s *soak) report(r *round, before, after footprint) {
	fmt.Fprintln(s.out)
	r.tally.write(s.out)
	fmt.Fprintln(s.out, "\nAt the servers, all rounds so far:")
	fmt.Fprintln(s.out)
	s.served.write(s.out)
	fmt.Fprintln(s.out)
	writeFootprints(s.out, before, after)
	fmt.Fprintln(s.out)
}

// Times of the round in which the proxy stands still now and then.
const (
	stopEvery = 3 * time.Second
	stopFor   = 400 * time.Millisecond // more than the gate waits for it to take a flow, less than the watchdog bears
)

// stops has the proxy stand still now and then: the gate carries the flows
// that begin meanwhile.
func (s *soak) stops(ctx context.Context, before footprint, thorough bool) error {
	pid, err := s.limpid.ChildPID(ctx, "proxy")
	if err != nil {
		return err
	}
	r := s.round("proxy stops")
	stopped := 0
	err = r.run(ctx, fresh(), min(s.connections, 600), s.soak/5, func(ctx context.Context) {
		for ctx.Err() == nil {
			if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
				s.fail(fmt.Errorf("stop the proxy: %w", err))
				return
			}
			stopped++
			time.Sleep(stopFor)
			_ = syscall.Kill(pid, syscall.SIGCONT)
			select {
			case <-ctx.Done():
			case <-time.After(stopEvery):
			}
		}
	})
	if err != nil {
		return err
	}
	if _, err := s.rest(ctx, thorough, before); err != nil {
		return err
	}
	s.say("the proxy stood still %d times, the gate found that it takes no flows %d times", stopped, strings.Count(s.limpid.Log(), "the proxy takes no flows"))
	fmt.Fprintln(s.out)
	r.tally.write(s.out)
	return nil
}

// raiseDescriptors makes room for both ends of every connection.
func raiseDescriptors(connections int) error {
	want := uint64(2*connections + 1000)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("read descriptor limit: %w", err)
	}
	if limit.Cur >= want {
		return nil
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: want, Max: max(want, limit.Max)}); err != nil {
		return fmt.Errorf("hold %d connections: both ends need %d descriptors, RLIMIT_NOFILE is %d and cannot be raised (%w): "+
			"give at most -connections %d, or run it with -vm", connections, want, limit.Max, err, (limit.Max-min(limit.Max, 1000))/2)
	}
	return nil
}

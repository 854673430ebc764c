package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"limpid/test/lab"
)

// figure is one load on one subject in one round.
type figure struct {
	work
	// cpu is the time of the subject's processes, by the part they play.
	cpu map[string]time.Duration
	// Connections that the client opened, that the box's TCP accepted, and
	// that the server accepted.
	client, box, server int64
}

// spent is the CPU time of all parts.
func (f figure) spent() (sum time.Duration) {
	for _, t := range f.cpu {
		sum += t
	}
	return sum
}

// turn is one subject's part of a round.
type turn struct {
	figures map[string]figure
	fidelity
}

// measure runs a subject's loads: first those in which everybody has all cores,
// then those in which the proxy has one. What has been measured until an error
// is returned with it.
func measure(ctx context.Context, s subject, files *bodies) (turn, error) {
	t := turn{figures: map[string]figure{}}
	pinned := slices.DeleteFunc(slices.Clone(s.loads), func(l load) bool { return !l.pinned })
	shared := slices.DeleteFunc(slices.Clone(s.loads), func(l load) bool { return l.pinned })
	// A subject without any of the chosen loads still takes its turn: its fidelity
	// is checked.
	if len(shared) > 0 || len(pinned) == 0 {
		if err := t.session(ctx, s, files, shared, runtime.NumCPU(), nil); err != nil {
			return t, err
		}
	}
	if len(pinned) == 0 {
		return t, nil
	}
	c, err := readCores()
	if err != nil {
		return t, err
	}
	back, err := c.withdraw()
	if err != nil {
		return t, err
	}
	s.enter = c.pin(s.enter)
	return t, errors.Join(t.session(ctx, s, files, pinned, 1, &c), back())
}

// pin has a subject's programs run on the proxy's core.
func (c cores) pin(e enter) enter {
	return func(ctx context.Context, l *lab.Lab, threads int) (inline, error) {
		if err := l.Box.Pin(c.proxy); err != nil {
			return nil, err
		}
		return e(ctx, l, threads)
	}
}

// onAll does something about where a subject's processes run; nothing if they
// may run anywhere.
func (c *cores) onAll(ctx context.Context, in inline, f func(cores, map[int]string) error) error {
	if c == nil {
		return nil
	}
	parts, err := in.processes(ctx)
	if err != nil {
		return err
	}
	return f(*c, parts)
}

// session builds a lab, puts the subject into it, and runs some loads; with
// cores its processes are held on the proxy's.
func (t *turn) session(ctx context.Context, s subject, files *bodies, loads []load, threads int, c *cores) (err error) {
	// A lab for each: nothing of the one before is left, no TIME_WAIT, no learned
	// address, no warm cache.
	l, err := lab.Build(ctx, lab.Options{Name: "bench-" + s.name})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	o, err := startOrigin(ctx, l, files)
	if err != nil {
		return err
	}
	in, err := s.enter(ctx, l, threads)
	if err != nil {
		return err
	}
	// In the figures' lab from here on: what comes before is not measured.
	at := site{lab: l, origin: o, memory: func() (int64, error) {
		parts, err := in.processes(ctx)
		if err != nil {
			return 0, err
		}
		return memory(parts)
	}}
	if err := at.settle(ctx, in, time.Minute); err != nil {
		return err
	}
	if t.fidelity, err = at.verify(ctx, s.mixes); err != nil {
		return err
	}
	if err := c.onAll(ctx, in, cores.hold); err != nil {
		return err
	}
	for _, ld := range loads {
		f, err := at.measure(ctx, in, ld)
		if err == nil {
			err = f.check(ld, s.name == bareWire)
		}
		if err != nil {
			return fmt.Errorf("%s: %w (its log ends: %s)", ld.key, err, in.tail())
		}
		t.figures[ld.key] = f
	}
	if err := c.onAll(ctx, in, cores.alone); err != nil {
		return err
	}
	// Once more: what has changed under load would not count either.
	if _, err := at.verify(ctx, s.mixes); err != nil {
		return err
	}
	return errors.Join(in.leave(), o.close())
}

// state is everything that is read before and after a load.
type state struct {
	usage               usage
	client, box, server tcpCount
}

// state reads everything around a load. The CPU clocks come last, right before
// it, and what reading costs is the bench's own time.
func (s site) state(ctx context.Context, in inline) (st state, err error) {
	for _, c := range []struct {
		node  *lab.Node
		count *tcpCount
	}{{s.lab.C1, &st.client}, {s.lab.Box, &st.box}, {s.lab.S1, &st.server}} {
		if *c.count, err = readTCPCount(c.node); err != nil {
			return state{}, err
		}
	}
	parts, err := in.processes(ctx)
	if err != nil {
		return state{}, err
	}
	st.usage, err = readUsage(parts)
	return st, err
}

// measure takes the state before and after a load; what a load does is what
// lies between.
func (s site) measure(ctx context.Context, in inline, ld load) (figure, error) {
	before, err := s.state(ctx, in)
	if err != nil {
		return figure{}, err
	}
	w, err := ld.run(ctx, s)
	if err != nil {
		return figure{}, err
	}
	after, err := s.state(ctx, in)
	if err != nil {
		return figure{}, err
	}
	cpu, err := after.usage.since(before.usage)
	if err != nil {
		return figure{}, err
	}
	return figure{
		work: w, cpu: cpu,
		client: after.client.since(before.client).active,
		box:    after.box.since(before.box).passive,
		server: after.server.since(before.server).passive,
	}, nil
}

// check refuses a figure of traffic that did not go the way it is meant to.
func (f figure) check(ld load, bare bool) error {
	if ld.way == captured && !bare {
		// A last few may have been given up by wrk before they were accepted.
		if f.box < f.client-f.client/50-clientConnections/10 {
			return fmt.Errorf("the box took %d of %d connections off the bridge", f.box, f.client)
		}
		if f.spent() <= 0 {
			return errors.New("the proxy used no CPU time")
		}
	}
	// The bare wire has no socket in the box at all.
	if bare && f.box > 0 {
		return fmt.Errorf("the box took %d connections off the bridge, want none", f.box)
	}
	return nil
}

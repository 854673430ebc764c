package supervise

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"time"

	"limpid/appliance/child"
	"limpid/appliance/control"
	"limpid/proxy/scoreboard"
)

// askTimeout bounds a question to a child, which may hang.
const askTimeout = 1500 * time.Millisecond

// backend answers the control socket.
type backend struct{ *Supervisor }

// Status implements control.Backend.
func (b backend) Status(context.Context) (control.Status, error) {
	core := b.core.snapshot()
	counters, err := b.capture.Counters()
	b.report("counters", err)
	board := b.sockets.proxyBoard
	s := control.Status{
		Version: b.Version, Mode: core.Mode, Reason: core.Reason, Since: byNow(core.Since, time.Now()),
		Goroutines: runtime.NumGoroutine(),
		Gate:       processOf(b.gate, b.sockets.gateBoard.Get(scoreboard.GateGoroutines)),
		Proxy:      processOf(b.proxy, board.Get(scoreboard.Goroutines)),
		Flows:      control.Flows{Active: b.sockets.active(), Captured: counters.Captured, Bridged: counters.Bridged},
		Requests:   board.Get(scoreboard.Requests),
		Log:        b.logCounts(),
		Cache:      control.Cache{Hits: board.Get(scoreboard.CacheHits), Misses: board.Get(scoreboard.CacheMisses)},
		// Rounded up: a gap of half a millisecond was one.
		LastGapMS: roundUp(core.LastGap),
		Bypass:    core.Ordered,
		Timezone:  b.current().Management.Timezone,
		Box:       control.ReadBox(b.RunDir),
	}
	s.Bypass.Until = byNow(s.Bypass.Until, time.Now())
	if n, err := control.ReadNetwork(b.RunDir); err == nil { // process 1 says what is wrong with it
		s.Address = n.Own
	}
	s.Web, err = b.page.status(b.current().Web.Listen)
	b.report("page's password", err)
	s.Capture, s.Handshake = b.capture.Methods()
	if t, ok := b.trial(); ok {
		shown := shownTrial(t)
		s.Trial = &control.Trial{Who: t.Who, Until: shown.Until, Left: shown.Left}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s.Wire, s.Frames = b.state.Wire, b.frames
	s.Problems = slices.Clone(b.state.Warnings)
	for _, what := range slices.Sorted(maps.Keys(b.problems)) {
		s.Problems = append(s.Problems, what+": "+b.problems[what])
	}
	if s.Problems == nil {
		s.Problems = []string{}
	}
	return s, nil
}

func processOf(k *keeper, goroutines uint64) control.Process {
	pid, restarts, lastExit := k.state()
	p := control.Process{PID: pid, Restarts: restarts, LastExit: lastExit}
	if pid != 0 {
		p.Goroutines = int(goroutines)
	}
	return p
}

// SetBypass implements control.Backend.
func (b backend) SetBypass(_ context.Context, on bool, d time.Duration) error {
	order := control.Override{On: on}
	if on && d > 0 {
		order.Until = time.Now().Add(d)
	}
	b.Supervisor.Log.Info("bypass ordered", "on", on, "for", d)
	b.core.change(func(in *Inputs) { in.Bypass = order })
	if !on {
		b.watchdog.Kick()
	}
	return nil
}

// Flows implements control.Backend. A child that does not answer is a problem
// of the list, not an error.
func (b backend) Flows(ctx context.Context, limit int) (control.FlowList, error) {
	list := control.FlowList{Flows: []control.Flow{}, Problems: []string{}}
	for _, k := range []*keeper{b.gate, b.proxy} {
		asking, cancel := context.WithTimeoutCause(ctx, askTimeout, errors.New("no answer in time"))
		var part child.FlowPage
		err := k.call(asking, child.MethodFlows, child.FlowQuery{Limit: limit}, &part)
		cancel()
		var flows []control.Flow
		if err == nil && len(part.Flows) > 0 {
			err = json.Unmarshal(part.Flows, &flows)
		}
		if err != nil {
			list.Problems = append(list.Problems, fmt.Sprintf("ask %s: %v", k.name, err))
			continue
		}
		for i := range flows {
			flows[i].Holder = k.name
		}
		list.Flows = append(list.Flows, flows...)
		list.Total += part.Total
	}
	slices.SortFunc(list.Flows, func(x, y control.Flow) int {
		return cmp.Or(x.Started.Compare(y.Started), cmp.Compare(x.ID, y.ID))
	})
	list.Flows = list.Flows[:min(limit, len(list.Flows))]
	return list, nil
}

// ResetFlow implements control.Backend.
func (b backend) ResetFlow(ctx context.Context, id uint64) error {
	asking, cancel := context.WithTimeoutCause(ctx, askTimeout, errors.New("no answer in time"))
	defer cancel()
	var found bool
	if err := b.proxy.call(asking, child.MethodReset, child.FlowID{ID: id}, &found); err != nil {
		return fmt.Errorf("reset flow %d: ask proxy: %w", id, err)
	}
	if !found {
		return control.Refuse(fmt.Errorf("reset flow %d: the proxy holds no such flow", id))
	}
	return nil
}

// Rules implements control.Backend.
func (b backend) Rules(context.Context) (control.RuleList, error) {
	text, err := b.capture.Text()
	return control.RuleList{Text: text}, err
}

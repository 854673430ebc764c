package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/sys/unix"

	"limpid/appliance/child"
	"limpid/appliance/control"
	"limpid/appliance/ladder"
	"limpid/appliance/link"
	"limpid/appliance/packets"
)

const (
	// ladderKept is how long a ladder is kept in memory.
	ladderKept = 15 * time.Minute
	// ladderTexts bounds what is kept of each text of a ladder, in bytes, and ladderRungs
	// how much of each list: the process that has made it has read what strangers sent.
	ladderTexts = 500
	ladderRungs = 200
)

// ladderPeople explain a ladder: what limpid itself knows of a connection.
type ladderPeople interface {
	// explain gives what is to be added to what was seen, which ended just now.
	explain(ctx context.Context, seen control.Ladder) []control.LadderStep
}

// ladderMaker has ladders made, each by a process of its own, one at a time.
type ladderMaker struct {
	log     *slog.Logger
	command command // but for its files
	open    func(f packets.Filter) (fd int, err error)
	layer   func(f packets.Filter, of packets.Layer) (fd int, err error)
	people  ladderPeople
	wanted  chan *ladderRun // by run

	mu     sync.Mutex
	last   *control.Ladder // nil: there is none, or no longer
	until  time.Time       // when the last one has ended for certain, or is forgotten
	count  uint64
	closed bool
}

// ladderRun is one that goes on.
type ladderRun struct {
	told    ladder.Settings
	sockets []int

	mu     sync.Mutex
	result *control.LadderResult
}

func (s *Supervisor) newLadderMaker() *ladderMaker {
	return &ladderMaker{log: s.Log, open: packets.Open, layer: packets.OpenLayer, people: backend{s}, wanted: make(chan *ladderRun, 1), command: command{
		name: "ladder", path: s.Program, args: append([]string{"limpid"}, s.Arguments("ladder")...), env: s.Env,
		user: child.PacketsUser(), log: &lineLog{s.Log.With("child", "ladder")},
	}}
}

// run makes one ladder after the other until ctx ends, and forgets the last one after
// a while.
func (m *ladderMaker) run(ctx context.Context) {
	var kept <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			m.close()
			return
		case r := <-m.wanted:
			m.make(ctx, r)
			kept = time.After(ladderKept)
		case <-kept:
			m.mu.Lock()
			if m.last != nil && !m.last.Running {
				m.last = nil
			}
			m.mu.Unlock()
		}
	}
}

func (m *ladderMaker) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.last = true, nil
	select {
	case r := <-m.wanted:
		r.closeSockets()
	default:
	}
}

func (r *ladderRun) closeSockets() {
	for _, fd := range r.sockets {
		_ = unix.Close(fd)
	}
}

// make runs the process that makes it, to its end.
func (m *ladderMaker) make(ctx context.Context, r *ladderRun) {
	command := m.command
	command.files = func(link int) []int { return append([]int{link}, r.sockets...) }
	process, err := start(command)
	r.closeSockets() // the process has its own
	if err != nil {
		m.log.Error("ladder", "error", err)
		m.finish(ctx, nil, err.Error())
		return
	}
	m.log.Info("ladder begins", "client", r.told.Client, "server", r.told.Server, "ports", r.told.Ports, "for", r.told.For, "pid", process.pid)
	process.oversee(ctx, r.told, map[string]link.Handler{child.MethodLadder: r.take}, r.told.For+control.LadderFollows+captureGrace, nil)
	r.mu.Lock()
	result := r.result
	r.mu.Unlock()
	m.finish(ctx, result, "the process that makes the ladder "+process.ended)
}

// take takes what the process has found.
func (r *ladderRun) take(params json.RawMessage) (any, error) {
	var result control.LadderResult
	if err := json.Unmarshal(params, &result); err != nil {
		return nil, fmt.Errorf("read %s: %w", child.MethodLadder, err)
	}
	bounded(&result)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result = &result
	return struct{}{}, nil
}

// bounded cuts what a process that was taken over may have said, and takes out what could
// steer a terminal.
func bounded(r *control.LadderResult) {
	cut := func(texts ...*string) {
		for _, t := range texts {
			*t = strings.Map(func(c rune) rune {
				if unicode.IsPrint(c) {
					return c
				}
				return '?'
			}, strings.ToValidUTF8((*t)[:min(len(*t), ladderTexts)], ""))
		}
	}
	r.Findings, r.Rungs = r.Findings[:min(len(r.Findings), ladderRungs)], r.Rungs[:min(len(r.Rungs), ladderRungs)]
	for i := range r.Findings {
		cut(&r.Findings[i].Text, &r.Findings[i].Mend)
	}
	for i := range r.Rungs {
		rung := &r.Rungs[i]
		cut(&rung.Flags, &rung.Head)
		rung.Seen = rung.Seen[:min(len(rung.Seen), 4)]
		for j := range rung.Seen {
			cut(&rung.Seen[j].Device, &rung.Seen[j].FromMAC, &rung.Seen[j].ToMAC)
		}
	}
}

// finish keeps what was found, with what limpid itself knows of it.
func (m *ladderMaker) finish(ctx context.Context, result *control.LadderResult, why string) {
	m.mu.Lock()
	if m.last == nil {
		m.mu.Unlock()
		return
	}
	done := *m.last
	m.mu.Unlock()
	if result == nil {
		done.Problem = why
	} else {
		done.LadderResult = *result
		done.Findings = append(done.Findings, m.people.explain(ctx, done)...)
		done.Verdict = ladder.Worst(done.Findings)
	}
	done.Running = false
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last, m.until = &done, time.Now().Add(ladderKept)
	m.log.Info("ladder has ended", "ladder", done.ID, "frames", done.Frames, "captured", string(done.Captured), "problem", done.Problem)
}

// begin waits for a connection.
func (m *ladderMaker) begin(request control.LadderRequest, told ladder.Settings, filter packets.Filter) (control.Ladder, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.closed:
		return control.Ladder{}, errors.New("ladder: limpid is stopping")
	case m.last != nil && m.last.Running:
		by := ""
		if m.last.Who != "" {
			by = ", asked for by " + m.last.Who
		}
		return control.Ladder{}, control.Refuse(fmt.Errorf("ladder: one is being made%s, for another %d s at most: wait", by, m.left()))
	}
	sockets, err := m.listen(told, filter)
	if err != nil {
		return control.Ladder{}, fmt.Errorf("ladder: %w", err)
	}
	m.count++
	now := time.Now()
	m.last = &control.Ladder{LadderRequest: request, ID: m.count, Begun: now, Running: true}
	m.last.Findings, m.last.Rungs = []control.LadderStep{}, []control.Rung{}
	m.until = now.Add(told.For + control.LadderFollows)
	m.wanted <- &ladderRun{told: told, sockets: sockets} // there is room: the one before has ended
	return m.shown(), nil
}

// listen opens the sockets: of the ports and the bridge, and of what the box's own IP
// is given that came in by the ports.
func (m *ladderMaker) listen(told ladder.Settings, filter packets.Filter) (sockets []int, err error) {
	all, ports := filter, filter
	for _, d := range told.Devices {
		all.Ports = append(all.Ports, d.Index)
		if d.Place != control.AtLoop {
			ports.Ports = append(ports.Ports, d.Index)
		}
	}
	fd, err := m.open(all)
	if err != nil {
		return nil, err
	}
	sockets = append(sockets, fd)
	for _, of := range []packets.Layer{packets.IPv4, packets.IPv6} {
		if fd, err = m.layer(ports, of); err != nil {
			(&ladderRun{sockets: sockets}).closeSockets()
			return nil, err
		}
		sockets = append(sockets, fd)
	}
	return sockets, nil
}

// left is how many seconds the last one may still take; it is called with the lock held.
func (m *ladderMaker) left() int { return int(math.Ceil(max(time.Until(m.until), 0).Seconds())) }

// shown is the last one; it is called with the lock held.
func (m *ladderMaker) shown() control.Ladder {
	l := *m.last
	l.Left = m.left()
	return l
}

// state is the last one, if there is one.
func (m *ladderMaker) state() control.LadderState {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.last == nil {
		return control.LadderState{}
	}
	l := m.shown()
	return control.LadderState{Ladder: &l}
}

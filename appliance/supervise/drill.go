package supervise

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"time"

	"limpid/appliance/control"
	"limpid/proxy/scoreboard"
)

const (
	// keptDrills is how many are told of.
	keptDrills = 10
	// drillPatience, on top of twelve of the watchdog's timeouts, is how long new
	// connections may stay bridged before a drill is said to have failed. A proxy
	// that has just been started has ten timeouts to show a heartbeat.
	drillPatience = 30 * time.Second
)

// errDrillRuns says that there can be one at a time.
var errDrillRuns = errors.New("another drill runs: wait until it has ended")

// drills are those of this supervisor.
type drills struct {
	mu      sync.Mutex
	count   int
	past    []control.Drill // the newest first
	current *drill
	begun   chan *drill // to keepDrills
}

// drill is one that runs.
type drill struct {
	told   control.Drill
	seen   *observation
	before drillCounts
	open   uint64 // connections that the proxy held when it ended
}

// drillCounts are totals that a drill compares.
type drillCounts struct{ captured, bridged, carried uint64 }

func newDrills() *drills { return &drills{begun: make(chan *drill, 1)} }

// Drills implements control.Backend.
func (b backend) Drills(ctx context.Context) (control.Drills, error) {
	d := b.drills
	answer := control.Drills{Drills: []control.Drill{}}
	if err := cmp.Or(b.judged(ctx), b.core.unfit()); err != nil {
		answer.Refused = err.Error()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current != nil {
		answer.Refused = errDrillRuns.Error()
		answer.Drills = append(answer.Drills, b.tell(d.current))
	}
	answer.Drills = append(answer.Drills, d.past...)
	return answer, nil
}

// BeginDrill implements control.Backend. The proxy is struck as a fault would strike
// it: whoever has to notice is told nothing.
func (b backend) BeginDrill(ctx context.Context, request control.DrillRequest) error {
	if err := b.judged(ctx); err != nil {
		return control.Refuse(err)
	}
	d := b.drills
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current != nil {
		return control.Refuse(errDrillRuns)
	}
	now := &drill{seen: newObservation(), before: b.drillCounts()}
	if err := b.core.observe(now.seen); err != nil {
		return control.Refuse(err)
	}
	signal := syscall.SIGKILL
	if request.Blow == control.HangProxy {
		signal = syscall.SIGSTOP
	}
	b.Supervisor.Log.Warn("drill", "blow", string(request.Blow), "who", request.Who)
	d.count++
	now.told = control.Drill{Number: d.count, Blow: request.Blow, Who: request.Who}
	if err := b.proxy.strike(signal, "a drill"); err != nil {
		b.core.unobserve()
		d.count--
		return control.Refuse(err)
	}
	now.told.Struck = time.Now()
	d.current = now
	d.begun <- now // there is room: the one before has been taken out
	return nil
}

// errJudged says that a drill would be held against the firmware.
var errJudged = errors.New("the firmware that was booted is still being judged, and would not be kept if its proxy ended: wait until it has proved healthy (limpid update status)")

// judged refuses while it is so. What cannot be found out speaks against nothing.
func (b backend) judged(ctx context.Context) error {
	if b.Updates == nil {
		return nil
	}
	if u, err := b.Updates.Update(ctx); err == nil && u.Slots && !u.Healthy {
		return errJudged
	}
	return nil
}

// keepDrills follows each drill to its end, until ctx ends.
func (s *Supervisor) keepDrills(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case d := <-s.drills.begun:
			patience := drillPatience + 12*s.current().Watchdog.Timeout
			select {
			case <-d.seen.over:
			case <-ctx.Done():
				d.seen.giveUp("limpid has ended")
			case <-time.After(patience):
				d.seen.giveUp(fmt.Sprintf("new connections are still bridged after %v: see limpid status", patience))
			}
			s.core.unobserve()
			s.drillOver()
		}
	}
}

// drillOver keeps what the current one has measured.
func (s *Supervisor) drillOver() {
	d := s.drills
	d.mu.Lock()
	defer d.mu.Unlock()
	told := s.tell(d.current)
	d.current = nil
	d.past = keep(d.past, told)
	s.Log.Info("drill is over", "number", told.Number, "noticed_ms", worth(told.NoticedMS), "bypass_ms", worth(told.BypassMS),
		"inline_ms", worth(told.InlineMS), "gap_ms", worth(told.GapMS), "cut", told.Cut, "problem", told.Problem)
}

// keep puts one before those of the past, and leaves out those that are too many.
func keep(past []control.Drill, one control.Drill) []control.Drill {
	past = slices.Insert(past, 0, one)
	return past[:min(keptDrills, len(past))]
}

// worth is a time of a drill for the log; -1: there is none.
func worth(ms *int64) int64 {
	if ms == nil {
		return -1
	}
	return *ms
}

// tell says what a drill has measured so far. It is called with the lock held.
func (s *Supervisor) tell(d *drill) control.Drill {
	told := d.told
	d.seen.tell(&told)
	now := s.drillCounts()
	told.Cut, told.Captured = d.open, now.captured-d.before.captured
	told.Bridged, told.Carried = now.bridged-d.before.bridged, now.carried-d.before.carried
	return told
}

func (s *Supervisor) drillCounts() drillCounts {
	counters, err := s.capture.Counters()
	s.report("counters", err)
	return drillCounts{counters.Captured, counters.Bridged, s.sockets.gateBoard.Get(scoreboard.Carried)}
}

// proxyCut notes how many connections end with the proxy. It is called when that is
// gone, before the books are balanced.
func (s *Supervisor) proxyCut() {
	d := s.drills
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current != nil {
		d.current.open += s.sockets.held()
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"limpid/appliance/control"
	"limpid/test/lab"
)

// How long there is load before the kill, and at least after it.
const (
	loadBefore = time.Second
	loadAfter  = 1500 * time.Millisecond
)

// kill ends the proxy under load, the hard way, and reckons up what became of
// each connection. What limpid did in between is told from its own log: asking
// for the status now and then would miss a bypass of some milliseconds.
func (d *demo) kill(ctx context.Context) error {
	before, err := d.waitFor(ctx, "limpid to be inline", isInline)
	if err != nil {
		return err
	}
	d.screen.say("Three clients open %d new connections a second to both servers, one request each. After a second of that:", d.pace().rate)
	d.screen.prompt("box", "kill", "-9", strconv.Itoa(before.Proxy.PID))
	var log *logbook
	if d.program != nil {
		log = &logbook{path: d.program.LogPath}
		if err := log.skip(); err != nil {
			return err
		}
	}
	// Nothing is printed while the load runs: a slow terminal must not slow it.
	running := d.load().Start(ctx)
	blow, after, err := d.strike(ctx, before)
	// Waits for the attempts under way, so that none is left out.
	report := running.Stop()
	if err != nil {
		return err
	}
	d.screen.output(" before: " + brief(before))
	// The box's own log is inside it.
	if log != nil {
		entries, err := log.read()
		if err != nil {
			return err
		}
		for _, e := range entries {
			d.screen.output(e.since(blow.landed))
		}
	}
	d.screen.output("  after: " + brief(after))
	d.screen.blank()
	d.screen.table(reckoning(report, blow))
	if err := judge(report, blow); err != nil {
		return err
	}
	if cut := blow.inFlight(report).Failures(); cut > 0 {
		d.screen.say("What the dead proxy was carrying is cut, at both ends and at once: no process can take over another's memory.")
	}
	d.screen.say("limpid's own bound for how long new connections went nowhere (last_gap_ms): %d ms.", after.LastGapMS)
	d.screen.holds("of %d connections begun after the kill none failed", report.Since(blow.landed).Count())
	return d.command(ctx, "status")
}

// brief is a status in half a line.
func brief(s control.Status) string {
	text := fmt.Sprintf("%s since %s, gate %d, proxy %d", s.Mode, s.Since.Local().Format(time.TimeOnly), s.Gate.PID, s.Proxy.PID)
	if s.Reason != "" {
		text += ": " + s.Reason
	}
	return text
}

// load asks both servers, from three clients in turn, and checks each byte.
func (d *demo) load() lab.Load {
	routes := []struct {
		from   *lab.Node
		server string
	}{{d.lab.C1, "10.77.0.101:80"}, {d.lab.C2, "10.80.0.2:80"}, {d.lab.C4, "10.77.0.101:80"}}
	// Attempts overlap, each in a goroutine of its own.
	var turn atomic.Uint64
	return lab.Load{
		Rate: float64(d.pace().rate), Timeout: d.pace().limit,
		Dial: func(ctx context.Context) (*net.TCPConn, error) {
			r := routes[turn.Add(1)%uint64(len(routes))]
			return r.from.Dial(ctx, "tcp", "", r.server)
		},
		Do: lab.Get(loadPath),
	}
}

// blow is the kill: it lands at some moment between when it was asked for and when
// that was answered, which takes a while where it is typed at a serial console.
type blow struct{ begun, landed time.Time }

// before keeps the attempts that were over when it began, inFlight those that it may have met.
func (b blow) before(r lab.Report) lab.Report   { return r.Over(b.begun) }
func (b blow) inFlight(r lab.Report) lab.Report { return r.Met(b.begun, b.landed) }

// strike kills the proxy once load flows through it, and waits until limpid is
// inline again with a new one.
func (d *demo) strike(ctx context.Context, before control.Status) (killed blow, after control.Status, err error) {
	if err := pause(ctx, loadBefore); err != nil {
		return killed, after, err
	}
	// Load that goes past the proxy would survive anything.
	now, err := d.limpid.Status(ctx)
	if err != nil {
		return killed, after, err
	}
	if n := now.Flows.Captured - before.Flows.Captured; n == 0 {
		return killed, after, errors.New("kill the proxy under load: none of the load went through it")
	}
	killed.begun = time.Now()
	if err := d.limpid.Kill(ctx, before.Proxy.PID); err != nil {
		return killed, after, err
	}
	killed.landed = time.Now()
	if err := pause(ctx, loadAfter); err != nil {
		return killed, after, err
	}
	after, err = d.waitFor(ctx, "limpid to be inline with a new proxy", func(s control.Status) bool {
		return isInline(s) && s.Proxy.PID != 0 && s.Proxy.PID != before.Proxy.PID
	})
	return killed, after, err
}

// reckoning is the table of what became of the load, in three parts that share
// no attempt.
func reckoning(r lab.Report, killed blow) [][]string {
	rows := [][]string{{"connections", "begun", "failed", "slowest"}}
	for _, part := range []struct {
		name string
		lab.Report
	}{
		{"over before the kill", killed.before(r)},
		{"in flight at that moment", killed.inFlight(r)},
		{"begun after it", r.Since(killed.landed)},
	} {
		rows = append(rows, []string{
			part.name, strconv.Itoa(part.Count()), strconv.Itoa(part.Failures()),
			fmt.Sprintf("%d ms", part.Slowest().Milliseconds()),
		})
	}
	return rows
}

// judge: a connection that the dead proxy held may be cut, since no process
// can take another's memory over; any other failure is one too many.
func judge(r lab.Report, killed blow) error {
	after := r.Since(killed.landed)
	if after.Count() == 0 {
		return errors.New("judge the kill: no connection was begun after it")
	}
	if n := after.Failures(); n > 0 {
		return fmt.Errorf("judge the kill: of %d connections begun after it, %d failed: %w", after.Count(), n, after.Err())
	}
	if early := killed.before(r); early.Failures() > 0 {
		return fmt.Errorf("judge the kill: before it already, %d connections failed: %w", early.Failures(), early.Err())
	}
	return nil
}

// pause waits, unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return errInterrupted
	case <-time.After(d):
		return nil
	}
}

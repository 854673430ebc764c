package update

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"limpid/appliance/control"
	"limpid/appliance/slots"
)

func TestGate(t *testing.T) {
	try := slots.State{Order: [2]slots.Slot{slots.B, slots.A}, Left: [2]uint8{slots.Full, 0}}
	usual := slots.State{Order: [2]slots.Slot{slots.B, slots.A}, Left: [2]uint8{slots.Full, slots.Full - 1}}
	for name, test := range map[string]struct {
		state   slots.State
		wellAt  time.Duration // since the start; -1 for never
		worseAt time.Duration // 0 for never
		want    Outcome
		after   time.Duration
		reboots int
	}{
		"well":                       {try, 0, 0, Committed, 20 * time.Second, 0},
		"well after a while":         {try, 90 * time.Second, 0, Committed, 110 * time.Second, 0},
		"just in time":               {try, 179 * time.Second, 0, Committed, 199 * time.Second, 0},
		"never well":                 {try, -1, 0, FellBack, 180 * time.Second, 1},
		"well and worse":             {try, time.Second, 15 * time.Second, FellBack, 180 * time.Second, 1},
		"never well, not in a try":   {usual, -1, 0, Ended, time.Hour, 0},
		"late, not in a try":         {usual, 40 * time.Minute, 0, Committed, 40*time.Minute + 20*time.Second, 0},
		"never well, nowhere to go":  {slots.State{Order: try.Order}, -1, 0, Ended, time.Hour, 0},
		"an old boot that gave out":  {slots.State{Order: [2]slots.Slot{slots.A, slots.B}, Left: [2]uint8{0, 0}}, -1, 0, Ended, time.Hour, 0},
		"fell back and is well here": {slots.State{Order: [2]slots.Slot{slots.A, slots.B}, Left: [2]uint8{0, slots.Full - 1}}, 0, 0, Committed, 20 * time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDisk(sector, nil)
				d.state = test.state
				begun, reboots := time.Now(), 0
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				outcome := Gate{Running: slots.B, Boot: d, Log: slog.New(slog.DiscardHandler),
					Health: func(context.Context) error {
						at := time.Since(begun)
						if test.wellAt < 0 || at <= test.wellAt || test.worseAt > 0 && at > test.worseAt {
							return errors.New("not well")
						}
						return nil
					},
					Reboot: func(context.Context) error { reboots++; return nil },
				}.Run(ctx)
				if outcome != test.want || reboots != test.reboots || time.Since(begun).Round(time.Second) != test.after {
					t.Errorf("%v after %v, %d reboots; want %v after %v", outcome, time.Since(begun), reboots, test.want, test.after)
				}
				if committed := slots.Committed(d.state, slots.B) && d.state.Order[0] == slots.B; committed != (test.want == Committed) {
					t.Errorf("the state is %v", d.state)
				}
			})
		})
	}
}

// A reboot or a commit that fails is tried again.
func TestGateGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk(sector, nil)
		d.state = slots.State{Order: [2]slots.Slot{slots.B, slots.A}, Left: [2]uint8{slots.Full, 0}}
		d.dead = true
		reboots := 0
		var log bytes.Buffer
		g := Gate{Running: slots.B, Boot: d, Log: slog.New(slog.NewTextHandler(&log, nil)), Health: func(context.Context) error { return nil },
			Reboot: func(context.Context) error { reboots++; return errors.New("no") }}
		time.AfterFunc(time.Minute, func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.dead = false
		})
		if outcome := g.Run(t.Context()); outcome != Committed || reboots != 0 {
			t.Errorf("%v, %d reboots", outcome, reboots)
		}
		if n := strings.Count(log.String(), "cannot commit"); n != 1 {
			t.Errorf("a commit that failed forty times in the same way is told %d times", n)
		}
		d.state = slots.State{Order: [2]slots.Slot{slots.B, slots.A}, Left: [2]uint8{slots.Full, 0}}
		g.Health = func(context.Context) error { return errors.New("not well") }
		ctx, cancel := context.WithTimeout(t.Context(), usualDeadline+10*time.Second+usualInterval/2)
		defer cancel()
		if outcome := g.Run(ctx); outcome != Ended || reboots < 10 {
			t.Errorf("%v, %d reboots", outcome, reboots)
		}
	})
}

// statusFunc answers with what a test has made.
type statusFunc func() (control.Status, error)

func (f statusFunc) Status(context.Context) (control.Status, error) { return f() }

func TestHealth(t *testing.T) {
	up := control.Link{Name: "eth0", Present: true, Up: true}
	page := servePage(t, func(http.ResponseWriter, *http.Request) {})
	well := control.Status{Web: page, Mode: control.Inline, Gate: control.Process{PID: 2}, Proxy: control.Process{PID: 3}, Wire: control.Wire{Bridge: up, LAN: up, WAN: up}}
	for name, test := range map[string]struct {
		change func(s *control.Status)
		want   string
	}{
		"well":           {func(*control.Status) {}, ""},
		"no cables":      {func(s *control.Status) { s.Wire.LAN.Carrier = false }, ""},
		"ordered bypass": {func(s *control.Status) { s.Mode, s.Bypass.On = control.Bypass, true }, ""},
		"bypass":         {func(s *control.Status) { s.Mode, s.Reason = control.Bypass, "the health check failed" }, "no request has gone through"},
		"starting":       {func(s *control.Status) { s.Mode = control.Starting }, "no request has gone through"},
		"bridge down":    {func(s *control.Status) { s.Wire.Bridge.Up = false }, "bridge eth0"},
		"no port":        {func(s *control.Status) { s.Wire.WAN.Present = false }, "port eth0"},
		"lan down":       {func(s *control.Status) { s.Wire.LAN.Up = false }, "port eth0"},
		"no gate":        {func(s *control.Status) { s.Gate.PID = 0; s.Bypass.On = true }, "gate: does not run"},
		"no page":        {func(s *control.Status) { s.Web.PID = 0; s.Web.LastExit = "was ended" }, "web: does not run: was ended"},
		"other page":     {func(s *control.Status) { s.Web.Fingerprint = "00" }, "web: visit"},
		"no page wanted": {func(s *control.Status) { s.Web = control.Page{} }, ""},
		"no proxy":       {func(s *control.Status) { s.Proxy.PID = 0; s.Bypass.On = true }, "proxy: does not run"},
	} {
		s := well
		test.change(&s)
		err := Health(statusFunc(func() (control.Status, error) { return s, nil }))(t.Context())
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	s, answer := well, error(nil)
	health := Health(statusFunc(func() (control.Status, error) { return s, answer }))
	for i, test := range []struct {
		proxy, page int
		answer      error
		want        bool
	}{
		{3, 9, nil, true}, {3, 9, nil, true}, {4, 9, nil, false}, {4, 9, nil, true}, {4, 9, errors.New("no answer"), false}, {4, 9, nil, true},
		{4, 8, nil, false}, {4, 8, nil, true},
	} {
		s.Proxy.PID, s.Web.PID, answer = test.proxy, test.page, test.answer
		if err := health(t.Context()); (err == nil) != test.want {
			t.Errorf("look %d: %v", i, err)
		}
	}
}

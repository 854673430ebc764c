package supervise

import (
	"testing"
	"time"

	"limpid/appliance/control"
)

// told is what a drill that was struck at a time says of what it has seen.
func told(o *observation, struck time.Time) control.Drill {
	d := control.Drill{Struck: struck}
	o.tell(&d)
	return d
}

func ms(t *testing.T, what string, got *int64, want int64) {
	t.Helper()
	if got == nil || *got != want {
		t.Errorf("%s is %v, want %d ms", what, got, want)
	}
}

func ended(o *observation) bool {
	select {
	case <-o.over:
		return true
	default:
		return false
	}
}

func TestDrillSeesAKill(t *testing.T) {
	c, _, h := testCore(t)
	inline(c)
	o := newObservation()
	if err := c.observe(o); err != nil {
		t.Fatal(err)
	}
	struck := h.now
	if d := told(o, struck); !d.Running || d.NoticedMS != nil || d.BypassMS != nil || d.InlineMS != nil || d.GapMS != nil {
		t.Errorf("before anything has happened: %+v", d)
	}
	h.pass(2500 * time.Microsecond)
	c.childDown(theProxy, "was killed: a drill", struck.Add(-4*time.Millisecond))
	c.childUp(theProxy)
	h.pass(300 * time.Millisecond)
	c.Tick()
	if ended(o) {
		t.Fatal("it has ended while new connections are bridged")
	}
	c.Passed()
	if !ended(o) {
		t.Fatal("it has not ended although new connections are captured again")
	}
	d := told(o, struck)
	ms(t, "noticed", d.NoticedMS, 3)
	ms(t, "bypass", d.BypassMS, 3)
	ms(t, "inline", d.InlineMS, 303)
	// From the newest proof of service, the check that passed as the drill began.
	ms(t, "gap", d.GapMS, 3)
	if d.Running || d.Problem != "" || d.Reason != "its process was killed: a drill" || c.snapshot().LastGap != 2500*time.Microsecond {
		t.Errorf("%+v, last gap %v", d, c.snapshot().LastGap)
	}
}

// A hang is noticed by a check that fails; the kill that follows is no second gap.
func TestDrillSeesAHang(t *testing.T) {
	c, _, h := testCore(t)
	inline(c)
	o := newObservation()
	if err := c.observe(o); err != nil {
		t.Fatal(err)
	}
	struck := h.now
	h.pass(600 * time.Millisecond)
	c.Failed("no answer in time")
	h.pass(400 * time.Millisecond)
	c.Failed("proxy hangs: no heartbeat for 1s")
	c.childDown(theProxy, "was killed: no heartbeat for 1s", h.now)
	c.childUp(theProxy)
	h.pass(100 * time.Millisecond)
	c.Passed()
	d := told(o, struck)
	ms(t, "noticed", d.NoticedMS, 600)
	ms(t, "bypass", d.BypassMS, 600)
	ms(t, "inline", d.InlineMS, 1100)
	ms(t, "gap", d.GapMS, 600)
	if d.Reason != "health check: no answer in time" {
		t.Errorf("%+v", d)
	}
}

func TestDrillIsCutShort(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Core)
		want   string
	}{
		"by an order": {func(c *Core) { c.change(func(in *Inputs) { in.Bypass.On = true }) }, "new connections are bridged on purpose now: ordered by the operator"},
		"by the end":  {func(c *Core) { c.change(func(in *Inputs) { in.Stopping = true }) }, "new connections are bridged on purpose now: stopping"},
	} {
		core, _, h := testCore(t)
		inline(core)
		o := newObservation()
		if err := core.observe(o); err != nil {
			t.Fatal(err)
		}
		core.childDown(theProxy, "was killed: a drill", h.now)
		c.change(core)
		if d := told(o, h.now); !ended(o) || d.Running || d.Problem != c.want || d.InlineMS != nil {
			t.Errorf("%s: %+v", name, d)
		}
		// What comes later is not the drill's.
		o.giveUp("too late")
		core.childUp(theProxy)
		core.Passed()
		if d := told(o, h.now); d.Problem != c.want || d.InlineMS != nil {
			t.Errorf("%s, later: %+v", name, d)
		}
	}
}

func TestDrillWantsCapture(t *testing.T) {
	c, _, h := testCore(t)
	refused := func(want string) {
		t.Helper()
		if err := c.observe(newObservation()); err == nil || err.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	refused("new connections are not captured (mode starting: waiting for the first health check): wait until they are, or mend what keeps them from it")
	inline(c)
	c.childDown(theGate, "was ended by SIGSEGV", h.now)
	refused("new connections are not captured (mode bypass: gate was ended by SIGSEGV): wait until they are, or mend what keeps them from it")
	inline(c)
	c.change(func(in *Inputs) { in.Bypass.On = true })
	refused("a bypass is ordered, so that there is nothing to test: end it first (limpid bypass off)")
}

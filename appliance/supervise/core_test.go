package supervise

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
)

// kernel is a fake that knows only whether capture is armed.
type kernel struct {
	armed            bool
	arms, disarms    int
	armErr, disarmed error
}

func (k *kernel) Arm() error {
	if k.armErr != nil {
		return k.armErr
	}
	k.armed = true
	k.arms++
	return nil
}

func (k *kernel) Disarm() error {
	if k.disarmed != nil {
		return k.disarmed
	}
	k.armed = false
	k.disarms++
	return nil
}

// hand is a clock that stands still until it is moved.
type hand struct{ now time.Time }

func (h *hand) pass(d time.Duration) { h.now = h.now.Add(d) }

func testCore(t *testing.T) (*Core, *kernel, *hand) {
	t.Helper()
	k, h := &kernel{}, &hand{time.Unix(10000, 0)}
	c := newCore(slog.New(slog.DiscardHandler), k, func() time.Time { return h.now }, time.Second)
	c.change(func(in *Inputs) { in.Ready = true })
	return c, k, h
}

func inline(c *Core) {
	c.childUp(theGate)
	c.childUp(theProxy)
	c.Passed()
}

func want(t *testing.T, c *Core, mode control.Mode, reason string) {
	t.Helper()
	if v := c.snapshot(); v.Mode != mode || !strings.Contains(v.Reason, reason) {
		t.Errorf("mode %s because %q, want %s because %q", v.Mode, v.Reason, mode, reason)
	}
}

func TestOnlyAPassedCheckArms(t *testing.T) {
	c, k, _ := testCore(t)
	want(t, c, control.Starting, "first health check")
	c.childUp(theGate)
	c.childUp(theProxy)
	c.Tick()
	if k.armed {
		t.Error("armed before any check")
	}
	c.Passed()
	c.Passed()
	if !k.armed || k.arms != 2 {
		t.Errorf("armed %v after %d refreshes, want 2", k.armed, k.arms)
	}
	want(t, c, control.Inline, "")
	c.Failed("no answer")
	if k.armed {
		t.Error("armed after a failed check")
	}
	want(t, c, control.Bypass, "no answer")
	c.Tick()
	if k.disarms != 1 {
		t.Errorf("disarmed %d times, want once", k.disarms)
	}
}

func TestCrashDisarmsUntilTheNextCheck(t *testing.T) {
	c, k, h := testCore(t)
	inline(c)
	h.pass(100 * time.Millisecond)
	beat := h.now.Add(-20 * time.Millisecond)
	c.childDown(theProxy, "was ended by SIGKILL", beat)
	if k.armed {
		t.Fatal("armed without a proxy")
	}
	want(t, c, control.Bypass, "proxy was ended by SIGKILL")
	c.childUp(theProxy)
	if k.armed {
		t.Error("armed by a start alone")
	}
	c.Passed()
	want(t, c, control.Inline, "")
	if s := c.snapshot(); s.Gaps != 1 || s.LastGap != 20*time.Millisecond {
		t.Errorf("%d gaps, the last %v, want one from the last heartbeat to disarming, 20ms", s.Gaps, s.LastGap)
	}
}

func TestHangIsOneGap(t *testing.T) {
	c, _, h := testCore(t)
	inline(c)
	h.pass(700 * time.Millisecond)
	c.Failed("no answer")
	h.pass(400 * time.Millisecond)
	c.childDown(theProxy, "was killed: no heartbeat", h.now.Add(-10*time.Millisecond))
	c.childUp(theProxy)
	c.Passed()
	if s := c.snapshot(); s.Gaps != 1 || s.LastGap != 700*time.Millisecond {
		t.Errorf("%d gaps, the last %v, want one, that of the failed check, 700ms", s.Gaps, s.LastGap)
	}
}

func TestDeadMansSwitchBoundsTheGap(t *testing.T) {
	c, k, h := testCore(t)
	inline(c)
	k.disarmed = errors.New("netlink is gone")
	h.pass(5 * time.Second)
	c.Failed("no answer")
	if s := c.snapshot(); s.Gaps != 1 || s.LastGap != time.Second {
		t.Errorf("%d gaps, the last %v, want one, the second after which the kernel disarms", s.Gaps, s.LastGap)
	}
	want(t, c, control.Bypass, "no answer")
}

func TestOrderedBypass(t *testing.T) {
	c, k, h := testCore(t)
	inline(c)
	c.change(func(in *Inputs) { in.Bypass = control.Override{On: true, Until: h.now.Add(time.Minute)} })
	if k.armed {
		t.Error("armed against the operator's order")
	}
	h.pass(time.Second)
	c.Failed("no answer")
	c.childDown(theProxy, "exited", h.now)
	c.childUp(theProxy)
	c.Passed()
	want(t, c, control.Bypass, "operator")
	if k.arms != 1 {
		t.Error("a restart of the proxy undid the order")
	}
	h.pass(time.Minute)
	c.Tick()
	if k.armed {
		t.Error("armed by time alone")
	}
	c.Passed()
	want(t, c, control.Inline, "")
	if s := c.snapshot(); s.Ordered.On || s.Gaps != 0 || s.LastGap != 0 {
		t.Errorf("after it is over: bypass %+v, %d gaps, the last %v; want off, and no gap", s.Ordered, s.Gaps, s.LastGap)
	}
}

func TestSinceFollowsTheMode(t *testing.T) {
	c, _, h := testCore(t)
	inline(c)
	begun := h.now
	h.pass(time.Second)
	c.Failed("no answer")
	failed := h.now
	h.pass(time.Second)
	c.Failed("refused")
	if since := c.snapshot().Since; !since.Equal(failed) || since.Equal(begun) {
		t.Errorf("since %v, want when bypass began, %v", since, failed)
	}
}

func TestArmingThatFailsIsAFailure(t *testing.T) {
	c, k, _ := testCore(t)
	k.armErr = errors.New("arm capture: operation not permitted")
	inline(c)
	want(t, c, control.Bypass, "not permitted")
	k.armErr = nil
	c.Passed()
	want(t, c, control.Inline, "")
}

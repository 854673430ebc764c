package supervise

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"limpid/appliance/config"
	"limpid/appliance/control"
)

// left says how often the wire of one servers' port has made room for that of another.
func (b *box) left(former, fresh string) int {
	return strings.Count(b.log.String(), "msg=left former="+former+" fresh="+fresh+"\n")
}

// tryPort tries another servers' port, and waits until limpid is inline with it.
func (b *box) tryPort(t *testing.T, name string) {
	t.Helper()
	gate := b.await(t, "inline", isInline).Gate.PID
	if _, err := b.client.ApplySettings(t.Context(), control.SettingsChange{Text: b.set(t, map[string]string{"bridge.ports": `["eth0", "` + name + `"]`})}); err != nil {
		t.Fatal(err)
	}
	b.await(t, "another gate", func(s control.Status) bool { return isInline(s) && s.Gate.PID != gate })
}

// The wire of before makes room for one of other ports, and that for the one before when they are not kept: also where the
// process that has tried them is gone.
func TestSettingsOfOtherPorts(t *testing.T) {
	b := newBox(t)
	b.runOn(t)
	want := func(there, back int) {
		t.Helper()
		if b.left("eth1", "eth2") != there || b.left("eth2", "eth1") != back {
			t.Errorf("left %d times, and come back %d times; want %d and %d", b.left("eth1", "eth2"), b.left("eth2", "eth1"), there, back)
		}
	}
	b.tryPort(t, "eth2")
	want(1, 0)
	gate := b.await(t, "inline", isInline).Gate.PID
	if _, err := b.client.UndoSettings(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.await(t, "yet another gate", func(s control.Status) bool { return isInline(s) && s.Gate.PID != gate })
	want(1, 1)
	b.tryPort(t, "eth2")
	if err := b.stop(); err != nil {
		t.Fatal(err)
	}
	b.runOn(t)
	want(2, 2)
}

// Where neither the settings on trial nor those of before start, the wire comes back all the same.
func TestWireReturnsWithoutASupervisor(t *testing.T) {
	for name, c := range map[string]struct {
		refuses string // the port with which no wire can be opened
		built   string // the wire
	}{
		"that of before":                      {"eth2", "eth1"},
		"the other, where that cannot be had": {"eth1", "eth2"},
	} {
		t.Run(name, func(t *testing.T) {
			var built []string
			open := func(_ context.Context, fresh *config.Config, _ *slog.Logger) (Wire, error) {
				if fresh.Bridge.Ports[1] == c.refuses {
					return nil, errors.New("not today")
				}
				built = append(built, fresh.Bridge.Ports[1])
				return &fakeWire{}, nil
			}
			b := newBox(t)
			b.options.OpenWire = open
			was, err := config.Load(b.options.ConfigPath)
			if err != nil {
				t.Fatal(err)
			}
			was.Bridge.Ports = []string{"eth0", "eth2"}
			b.options.OpenCapture = func(context.Context, *config.Config, time.Duration, *slog.Logger) (Capture, error) {
				return nil, errors.New("no capture")
			}
			if err := runOn(t.Context(), b.options, was); err == nil || err.Error() != "no capture" {
				t.Errorf("%v", err)
			}
			if strings.Join(built, " ") != c.built {
				t.Errorf("built %v, want %s", built, c.built)
			}
		})
	}
}

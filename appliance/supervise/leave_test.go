package supervise

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"

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

// own has process 1 be limpid's.
func (b *box) own(t *testing.T) {
	t.Helper()
	if err := os.MkdirAll(b.options.RunDir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := control.WriteBox(b.options.RunDir, control.Box{Data: control.DataDisk}); err != nil {
		t.Fatal(err)
	}
}

// want wants the wire of eth1 to have made room that often for that of eth2, and the other way round.
func (b *box) wantLeft(t *testing.T, there, back int) {
	t.Helper()
	if b.left("eth1", "eth2") != there || b.left("eth2", "eth1") != back {
		t.Errorf("left %d times, and come back %d times; want %d and %d", b.left("eth1", "eth2"), b.left("eth2", "eth1"), there, back)
	}
}

// The wire of before makes room for one of other ports, and that for the one before when they are not kept.
func TestSettingsOfOtherPorts(t *testing.T) {
	b := newBox(t)
	b.own(t)
	b.runOn(t)
	b.tryPort(t, "eth2")
	b.wantLeft(t, 1, 0)
	gate := b.await(t, "inline", isInline).Gate.PID
	if _, err := b.client.UndoSettings(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.await(t, "yet another gate", func(s control.Status) bool { return isInline(s) && s.Gate.PID != gate })
	b.wantLeft(t, 1, 1)
}

// A process that has just begun takes no wire down, whatever is on trial: another one may run it. And who is a guest never does.
func TestWiresThatStay(t *testing.T) {
	b := newBox(t)
	b.own(t)
	b.runOn(t)
	b.tryPort(t, "eth2")
	if err := b.stop(); err != nil {
		t.Fatal(err)
	}
	b.runOn(t)
	b.await(t, "inline", isInline)
	b.wantLeft(t, 1, 0)

	guest := newBox(t)
	guest.runOn(t)
	guest.tryPort(t, "eth2")
	guest.wantLeft(t, 0, 0)
}

// Where neither the settings on trial nor those of before start, the wire comes back all the same.
func TestWireReturnsWithoutASupervisor(t *testing.T) {
	for name, c := range map[string]struct {
		refuses string // the port with which no wire can be opened any more
		built   string // the wire
	}{
		"that of before":                      {"eth2", "eth1"},
		"the other, where that cannot be had": {"eth1", "eth2"},
	} {
		t.Run(name, func(t *testing.T) {
			var built []string
			b := newBox(t)
			b.options.OpenWire = func(_ context.Context, fresh *config.Config, _ *slog.Logger) (Wire, error) {
				if fresh.Bridge.Ports[1] == c.refuses {
					return nil, errors.New("not today")
				}
				built = append(built, fresh.Bridge.Ports[1])
				return &fakeWire{}, nil
			}
			holds, err := config.Load(b.options.ConfigPath)
			if err != nil {
				t.Fatal(err)
			}
			was := *holds
			was.Bridge.Ports = []string{"eth0", "eth2"}
			returnWire(t.Context(), b.options, &was)
			if strings.Join(built, " ") != c.built {
				t.Errorf("built %v, want %s", built, c.built)
			}
		})
	}
}

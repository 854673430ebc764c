package wire

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"limpid/appliance/control"
	"limpid/test/lab"
)

// joined names what is in the box's bridge; nothing while there is none.
func joined(ctx context.Context, l *lab.Lab) []string {
	out, err := l.Box.Command(ctx, "ip", "-br", "link", "show", "master", "br0").Output()
	if err != nil {
		return nil
	}
	var ports []string
	for line := range strings.Lines(string(out)) {
		name, _, _ := strings.Cut(strings.Fields(line)[0], "@")
		ports = append(ports, name)
	}
	slices.Sort(ports)
	return ports
}

// neverThree looks until it is stopped whether the bridge has a third port.
func neverThree(t *testing.T, l *lab.Lab) (stop func()) {
	t.Helper()
	var done atomic.Bool
	var looking sync.WaitGroup
	wires := 0
	looking.Go(func() {
		for !done.Load() {
			ports := joined(context.WithoutCancel(t.Context()), l)
			if len(ports) > 2 {
				t.Errorf("the bridge has %v", ports)
			}
			if len(ports) == 2 {
				wires++
			}
		}
	})
	return func() {
		done.Store(true)
		looking.Wait()
		if wires == 0 {
			t.Error("no look has seen two ports: this proves nothing")
		}
	}
}

// TestPortsAreChanged tries a wire of other ports, undone and kept, where process 1 is limpid's: it has two ports at any
// moment, and the one of before comes back where it was not kept. A guest never takes the wire down for it.
func TestPortsAreChanged(t *testing.T) {
	l, p := inline(t, basic)
	origin(t, l.S1)
	client := control.NewClient(p.RunDir)
	defer client.Close()
	before := joined(t.Context(), l)
	must(t, l.Box.Command(t.Context(), "ip", "link", "add", "spare", "type", "veth", "peer", "name", "far").Run())
	must(t, l.Box.Command(t.Context(), "ip", "link", "set", "far", "up").Run())
	defer neverThree(t, l)()

	now, err := client.Settings(t.Context())
	must(t, err)
	at := slices.IndexFunc(now.Keys, func(k control.SettingsKey) bool { return k.Key == "bridge.ports" })
	lan, _, _ := strings.Cut(strings.Trim(now.Keys[at].Value, "[]"), ", ")
	others := []string{strings.Trim(lan, `"`), "spare"}
	slices.Sort(others)
	edited, err := client.EditSettings(t.Context(), control.SettingsEdit{Text: now.Text, Set: map[string]string{"bridge.ports": "[" + lan + `, "spare"]`}})
	must(t, err)
	apply := func() control.SettingsApplied {
		t.Helper()
		applied, err := client.ApplySettings(t.Context(), control.SettingsChange{Text: edited.Text, Who: "the test"})
		must(t, err)
		return applied
	}
	try := func() control.SettingsApplied {
		t.Helper()
		applied := apply()
		eventually(t, "the wire of other ports", func() bool {
			s, err := client.Status(t.Context())
			return err == nil && s.Trial != nil && s.Wire.WAN.Name == "spare" && slices.Equal(joined(t.Context(), l), others)
		})
		return applied
	}
	back := func() {
		t.Helper()
		eventually(t, "the wire of before", func() bool {
			s, err := client.Status(t.Context())
			return err == nil && s.Trial == nil && slices.Equal(joined(t.Context(), l), before)
		})
		must(t, p.WaitMode("inline", startTime))
		captured := status(t, p).Flows.Captured
		eventually(t, "connections are captured again", func() bool {
			conn, err := l.C2.Dial(t.Context(), "tcp", "", "10.77.0.101:80")
			if err == nil {
				err = fetch(conn, "/bytes/2000", 2000)
				_ = conn.Close()
			}
			return err == nil && status(t, p).Flows.Captured > captured
		})
	}

	apply()
	back()
	history, err := client.SettingsHistory(t.Context())
	must(t, err)
	if v := history.Versions; len(v) == 0 || v[0].Outcome != "failed" {
		t.Errorf("a guest's trial of other ports ended as %+v", v)
	}

	must(t, control.WriteBox(p.RunDir, control.Box{Data: control.DataDisk}))
	try()
	_, err = client.UndoSettings(t.Context())
	must(t, err)
	back()

	kept := try()
	eventually(t, "it can be confirmed", func() bool {
		_, err := client.ConfirmSettings(t.Context(), kept.Token)
		return err == nil
	})
	if got := joined(t.Context(), l); !slices.Equal(got, others) {
		t.Errorf("after it was kept the bridge has %v, want %v", got, others)
	}
}

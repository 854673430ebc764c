package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"limpid/test/lab"
)

// One tiny round, so that `make bench` works when somebody wants it. What the
// server saw of the clients is checked by the measurement itself; see
// TestWrongAddressDoesNotCount.
func TestTinyRound(t *testing.T) {
	p, err := newPlan(1, 1, "haproxy,haproxy-splice,limpid,limpid-sets,wire", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := lab.Requirements(tools(p.subjects)...); err != nil {
		t.Fatal(err)
	}
	r, err := p.run(t.Context(), testLog{t})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range p.subjects {
		figures := r.turns[s.name][0].figures
		for _, l := range s.loads {
			f := figures[l.key]
			if f.requests <= 0 || f.bytes < f.requests*smallSize || f.elapsed <= 0 || f.client <= 0 || f.server <= 0 {
				t.Errorf("%s, %s: %+v", s.name, l.key, f)
			}
			if f.failed > 0 {
				t.Errorf("%s, %s: %d requests failed", s.name, l.key, f.failed)
			}
			if l.way == captured && s.name != bareWire && f.spent() <= 0 {
				t.Errorf("%s, %s: no CPU time", s.name, l.key)
			}
			if f.resets > 0 {
				t.Errorf("%s, %s: %d connections were reset", s.name, l.key, f.resets)
			}
			// A rate makes as many requests as it says, however slow the answers are.
			want := map[string]int{keyPacedLow: rateLow, keyPacedHigh: rateHigh, keyPacedNew: rateNew}[l.key]
			if want > 0 && (f.requests != int64(want) || len(f.times) != want) {
				t.Errorf("%s, %s: %d requests and %d times in a second, want %d", s.name, l.key, f.requests, len(f.times), want)
			}
			// A new connection for each request, and one of the server's for each where nothing is shared.
			if l.key == keyNew && (f.client < f.requests || f.server < f.requests) {
				t.Errorf("%s, %s: %d requests on %d connections, the server saw %d", s.name, l.key, f.requests, f.client, f.server)
			}
		}
	}
	for _, part := range []string{partGate, partProxy} {
		if r.turns[ours][0].figures[keyNew].cpu[part] <= 0 {
			t.Errorf("limpid's %s used no CPU time for new connections", part)
		}
	}
	for _, name := range []string{ours, withSets} {
		if got := r.fidelity(name); got != "address and port" {
			t.Errorf("the server saw clients of %s by %s", name, got)
		}
	}
	t.Log(r.report(machine{}, "test", ""))
}

// The machine's part is measured there and comes back as a section.
func TestVirtualMachine(t *testing.T) {
	var told strings.Builder
	section, err := virtual(t.Context(), 1, 1, &told)
	if err != nil {
		t.Fatalf("%v\n%s", err, told.String())
	}
	for _, want := range []string{"| HAProxy ", "| limpid, accept ", "| limpid, mirror ", "| no proxy: a plain bridge ", "Kernel in the machine: Linux "} {
		if !strings.Contains(section, want) {
			t.Errorf("no %q in\n%s", want, section)
		}
	}
	if strings.Contains(section, "Does not count") {
		t.Errorf("something failed:\n%s", section)
	}
}

// A proxy that shows the server its own address is noticed.
func TestWrongAddressDoesNotCount(t *testing.T) {
	if err := lab.Requirements(tools(nil)...); err != nil {
		t.Fatal(err)
	}
	files, err := newBodies(false)
	if err != nil {
		t.Fatal(err)
	}
	defer files.close()
	p, err := newPlan(1, 1, standard, keyKeepAlive)
	if err != nil {
		t.Fatal(err)
	}
	s := p.subjects[0]
	s.enter = func(ctx context.Context, l *lab.Lab, threads int) (inline, error) {
		spec := haproxySpec(threads)
		usual := spec.command
		spec.command = func(dir string) []string {
			cfg := filepath.Join(dir, "haproxy.cfg")
			text, err := os.ReadFile(cfg)
			if err == nil {
				text = []byte(strings.Replace(string(text), "usesrc clientip", "", 1))
				err = os.WriteFile(cfg, text, 0o644)
			}
			if err != nil {
				t.Error(err)
			}
			return usual(dir)
		}
		return enterPeer(ctx, l, spec)
	}
	turn, err := measure(t.Context(), s, files)
	if err == nil || !strings.Contains(err.Error(), "want "+clientOne) {
		t.Errorf("error %v, figures %+v", err, turn.figures)
	}
}

// clientOne is c1's address.
const clientOne = "10.77.0.11"

// testLog writes lines to the test's log.
type testLog struct{ t *testing.T }

func (l testLog) Write(line []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(line)))
	return len(line), nil
}

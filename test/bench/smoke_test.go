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
	p, err := newPlan(1, 1, "haproxy,limpid", "")
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
			if l.way == captured && f.spent() <= 0 {
				t.Errorf("%s, %s: no CPU time", s.name, l.key)
			}
		}
	}
	for _, part := range []string{partGate, partProxy} {
		if r.turns[ours][0].figures[keyNew].cpu[part] <= 0 {
			t.Errorf("limpid's %s used no CPU time for new connections", part)
		}
	}
	if got := r.fidelity(ours); got != "address and port" {
		t.Errorf("the server saw limpid's clients by %s", got)
	}
	t.Log(r.report(machine{}, "test", ""))
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

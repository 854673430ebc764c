package main

import (
	"context"
	"strings"
	"testing"

	"limpid/test/lab"
)

// A limpid that remembers flows does not count as one that does not.
func TestRememberedFlowsDoNotCount(t *testing.T) {
	if err := lab.Requirements(tools(nil)...); err != nil {
		t.Fatal(err)
	}
	files, err := newBodies(false)
	if err != nil {
		t.Fatal(err)
	}
	defer files.close()
	p, err := newPlan(1, 1, stateless, keyNew)
	if err != nil {
		t.Fatal(err)
	}
	s := p.subjects[0]
	s.enter = func(ctx context.Context, l *lab.Lab, threads int) (inline, error) {
		in, err := enterLimpid("accept", "1s")(ctx, l, threads)
		return forgetful{in, l.Box}, err
	}
	_, err = measure(t.Context(), s, files)
	if err == nil || !strings.Contains(err.Error(), "captured by limpid's own rules, want none") {
		t.Errorf("error %v", err)
	}
}

// It has its row and its footnote; the chart shows what can be put into a wire.
func TestExperimentIsInTablesAlone(t *testing.T) {
	p, err := newPlan(1, 1, "haproxy,limpid,limpid-stateless", keyNew)
	if err != nil {
		t.Fatal(err)
	}
	r := newResults(p)
	for _, s := range p.subjects {
		r.turns[s.name] = []turn{{figures: map[string]figure{keyNew: fakeTurn(10).figures[keyKeepAlive]}}}
	}
	if text := r.report(machine{}, "test", ""); !strings.Contains(text, "| limpid, stateless† ") || !strings.Contains(text, "\n†The same limpid") {
		t.Errorf("no row, or no footnote, in\n%s", text)
	}
	if words := texts(t, r.chart().svg()); strings.Contains(words, "stateless") || !strings.Contains(words, "limpid\n") {
		t.Errorf("the chart has %s", words)
	}
}

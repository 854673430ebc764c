package main

import (
	"strings"
	"testing"
	"time"
)

func TestMet(t *testing.T) {
	most, least := target{limit: 0.85}, target{limit: 1, atLeast: true}
	for _, c := range []struct {
		t    target
		v    spread
		want string
	}{
		{most, spread{}, "not measured"},
		{most, spread{0.85, 0.5, 2, 3}, "met"}, {most, spread{0.86, 0.5, 2, 3}, "**not met**"},
		{least, spread{1, 0.5, 2, 3}, "met"}, {least, spread{0.99, 0.5, 2, 3}, "**not met**"},
	} {
		if got := c.t.met(c.v); got != c.want {
			t.Errorf("%+v of %+v: %s, want %s", c.v, c.t, got, c.want)
		}
	}
}

// costing is a turn whose bodies cost that many ms a GB.
func costing(ms int) turn {
	return turn{figures: map[string]figure{keyBulk: {
		work: work{requests: 4, bytes: 1e9, elapsed: time.Second},
		cpu:  map[string]time.Duration{partProxy: time.Duration(ms) * time.Millisecond},
	}}}
}

// limpid is set against the best configuration of a peer, not the usual one.
func TestTargetsTakeTheBestConfiguration(t *testing.T) {
	p, err := newPlan(1, 1, "", "")
	if err != nil {
		t.Fatal(err)
	}
	r := newResults(p)
	for name, ms := range map[string]int{
		standard: 1000, "haproxy-splice": 400, "haproxy-splice-auto": 1200, "trafficserver": 900, "trafficserver-sharing": 800, "squid": 300, ours: 200,
	} {
		r.turns[name] = []turn{costing(ms)}
	}
	text := squeeze(r.reached().String())
	for _, want := range []string{
		"| 256 MiB bodies: CPU a GB | at most 0.25 | HAProxy, splice | 0.500 | **not met** | Squid | 0.667 |",
		"| 256 MiB bodies: CPU a GB | at most 0.40 | Traffic Server, sharing* | 0.250 | met | Squid | 0.667 |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	if strings.Contains(text, "kept alive") {
		t.Errorf("a target that was not measured in %s", text)
	}
	if bodies := r.bodies().String(); !strings.Contains(squeeze(bodies), "The cheapest of them here: HAProxy, splice.") {
		t.Errorf("does not say which HAProxy is best: %s", bodies)
	}
}

// Whoever has no figure of limpid has no target.
func TestTargetsNeedLimpid(t *testing.T) {
	r := fakeResults(t)
	delete(r.turns, ours)
	if rows := r.reached().rows; len(rows) > 0 {
		t.Errorf("got %v", rows)
	}
}

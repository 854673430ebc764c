package main

import (
	"testing"
	"time"
)

// upTo is 1 µs, 2 µs, ... n µs, in an order that is not sorted.
func upTo(n int) (times []time.Duration) {
	for i := range n {
		times = append(times, time.Duration((i*7919)%n+1)*time.Microsecond)
	}
	return times
}

func TestPercentile(t *testing.T) {
	for _, c := range []struct {
		n    int
		q    float64
		want int // µs; 0: too few to say
	}{
		{0, 0.5, 0}, {1, 0.5, 0}, {2, 0.5, 1}, {3, 0.5, 2}, {100, 0.5, 50},
		{99, 0.99, 0}, {100, 0.99, 99}, {101, 0.99, 100}, {200, 0.99, 198},
		{999, 0.999, 0}, {1000, 0.999, 999}, {2000, 0.999, 1998}, {20, 0.95, 19},
	} {
		got, ok := percentile(upTo(c.n), c.q)
		if want := time.Duration(c.want) * time.Microsecond; got != want || ok != (c.want > 0) {
			t.Errorf("%g of %d: got %v, %v, want %v", c.q, c.n, got, ok, want)
		}
	}
}

func TestPercentileLeavesTheTimesAlone(t *testing.T) {
	times := []time.Duration{3, 1, 2}
	percentile(times, 0.5)
	if times[0] != 3 || times[1] != 1 || times[2] != 2 {
		t.Errorf("sorted in place: %v", times)
	}
}

// timesOf is a turn with the times of one load, of new connections at a rate.
func timesOf(times ...time.Duration) turn {
	return turn{figures: map[string]figure{keyPacedNew: {work: work{requests: int64(len(times)), elapsed: time.Second, times: times}}}}
}

// Each round alone has too few requests for its tail; all together have not.
func TestPooledAndAdded(t *testing.T) {
	p, err := newPlan(2, 1, "limpid,wire", "")
	if err != nil {
		t.Fatal(err)
	}
	r := newResults(p)
	const ms = time.Millisecond
	r.turns[bareWire] = []turn{timesOf(ms, ms), timesOf(ms, 2*ms)}
	r.turns[ours] = []turn{timesOf(3*ms, 4*ms), timesOf(5*ms, 9*ms)}
	if got := r.pooled(ours, keyPacedNew, 0.5).String(); got != "4000 (3000-5000)" {
		t.Errorf("p50 of both rounds: %s", got)
	}
	if got := r.pooled(ours, keyPacedNew, 0.75).String(); got != "5000" {
		t.Errorf("p75, which no round has alone: %s", got)
	}
	if got := r.added(ours, keyPacedNew, 0.5).String(); got != "3000 (2000-4000)" {
		t.Errorf("added: %s", got)
	}
	if got := r.pooled(ours, keyPacedNew, 0.99).String(); got != "-" {
		t.Errorf("p99 of four requests: %s", got)
	}
	if got := r.added(ours, keyPacedLow, 0.5).String(); got != "-" {
		t.Errorf("added of a load that was not run: %s", got)
	}
}

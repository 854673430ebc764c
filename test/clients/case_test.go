package clients

import (
	"context"
	"regexp"
	"testing"

	"limpid/proxy/relay"
)

// comparison is how far the connections of two runs must be alike.
type comparison int

const (
	exactly  comparison = iota // the same conversations, in any order
	messages                   // the same requests, each with the same response, on whatever connection
	requests                   // the same requests, on whatever connection
	loosely                    // random or timed by nature: only what comes of them is compared
)

// anyNumber is for scenario.counted: net/http cannot tell.
const anyNumber = ^uint64(0)

// scenario is one thing that a client does.
type scenario struct {
	name    string
	do      func(*run)
	compare comparison
	// tunnels says how many flows are not HTTP, and why.
	tunnels map[relay.Reason]uint64
	// either lists reasons of which every flow has one.
	either []relay.Reason
	// counted is how many requests limpid counts; 0: as many as net/http finds in what the
	// clients sent.
	counted uint64
	// least is how many connections there are at least.
	least int
	// aborts: a client breaks off, and what is then on its way is lost.
	aborts bool
	// varies lists what differs from run to run.
	varies   []*regexp.Regexp
	patterns []*regexp.Regexp
}

// group runs scenarios one after the other.
func group(t *testing.T, name string, bare, boxed *world, scenarios []scenario) {
	t.Run(name, func(t *testing.T) {
		for _, s := range scenarios {
			t.Run(s.name, func(t *testing.T) { s.test(t, bare, boxed) })
		}
	})
}

// test runs the scenario in both worlds at once and compares.
func (s *scenario) test(t *testing.T, bare, boxed *world) {
	ctx, cancel := context.WithTimeout(t.Context(), clientTime)
	defer cancel()
	before := boxed.tally()
	want := make(chan *outcome)
	go func() { want <- s.play(ctx, bare) }()
	got := s.play(ctx, boxed)
	plain := <-want
	for _, o := range []*outcome{plain, got} {
		if o.err != nil {
			t.Fatalf("%v\n%s", o.err, o.said)
		}
	}
	s.compareResults(t, plain, got)
	s.compareSides(t, got)
	s.compareWires(t, plain, got)
	s.checkCounts(t, boxed, before, got)
	if t.Failed() {
		t.Logf("through the bare bridge:\n%s\n%s", plain.said, list(plain.lan))
		t.Logf("through limpid, before the box:\n%s\nbehind it:\n%s", list(got.lan), list(got.wan))
	}
}

package bridge

import (
	"testing"
	"time"
)

func TestPropagation(t *testing.T) {
	start := time.Unix(1000, 0)
	// Each step is what the ports show at a second, and who is held afterwards.
	type step struct {
		second   int
		lan, wan bool
		held     side
	}
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"both up", []step{{0, true, true, neither}, {60, true, true, neither}}},
		{"no cable at all", []step{{0, false, false, neither}, {60, false, false, neither}}},
		{"WAN is cut and comes back", []step{
			{0, true, true, neither}, {1, true, false, lanSide}, {2, false, false, lanSide},
			{90, false, true, neither}, {92, true, true, neither},
		}},
		{"LAN is cut and comes back", []step{
			{0, true, true, neither}, {1, false, true, wanSide}, {2, false, false, wanSide}, {3, true, false, neither},
		}},
		{"at start one negotiates for longer", []step{
			{0, false, false, neither}, {2, true, false, neither}, {5, true, true, neither},
		}},
		{"at start one has no cable", []step{{0, true, false, neither}, {9, true, false, neither}, {10, true, false, lanSide}}},
		{"a loss right after both were up counts at once", []step{{0, true, true, neither}, {1, true, false, lanSide}}},
		{"the held port negotiates for long after its release", []step{
			{0, true, true, neither}, {1, true, false, lanSide}, {20, false, true, neither},
			{24, false, true, neither}, {26, true, true, neither},
		}},
		{"the held port's cable went meanwhile", []step{
			{0, true, true, neither}, {1, true, false, lanSide}, {20, false, true, neither},
			{29, false, true, neither}, {30, false, true, wanSide}, {31, false, false, wanSide},
			{40, true, false, neither}, {43, true, true, neither},
		}},
		{"both are cut at once, one comes back", []step{
			{0, true, true, neither}, {1, false, false, neither}, {5, true, false, lanSide}, {6, false, false, lanSide},
			{7, false, true, neither}, {9, true, true, neither},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPropagation(start)
			for _, s := range tt.steps {
				p, _ = p.next(start.Add(time.Duration(s.second)*time.Second), s.lan, s.wan)
				if p.held != s.held {
					t.Fatalf("at %d s, lan %v, wan %v: held %d, want %d", s.second, s.lan, s.wan, p.held, s.held)
				}
			}
		})
	}
}

// TestPropagationComesToRest plays two ports that take time to negotiate after each
// time they are set up, and cuts and mends cables; at the end both must be up, and
// each cut may cost each side but one hold.
func TestPropagationComesToRest(t *testing.T) {
	for _, negotiate := range [][2]int{{0, 0}, {2, 2}, {1, 4}, {4, 1}, {0, 9}} {
		now := time.Unix(1000, 0)
		p := newPropagation(now)
		cable := [2]bool{true, true}
		var upFor [2]int // seconds since set up with a live cable
		holds := 0
		for second := range 200 {
			switch second {
			case 30, 60:
				cable[second/30-1] = false
			case 45, 75:
				cable[0], cable[1] = true, true
			case 100:
				cable[0], cable[1] = false, false
			case 110:
				cable[0] = true
			case 113:
				cable[1] = true
			}
			var carrier [2]bool
			for i, s := range []side{lanSide, wanSide} {
				if p.held == s || !cable[i] {
					upFor[i] = 0
					continue
				}
				carrier[i] = upFor[i] >= negotiate[i]
				upFor[i]++
			}
			before := p.held
			p, _ = p.next(now.Add(time.Duration(second)*time.Second), carrier[0], carrier[1])
			if p.held != neither && p.held != before {
				holds++
			}
		}
		if p.held != neither || holds == 0 || holds > 4 {
			t.Errorf("negotiation of %v s: held %d after %d holds", negotiate, p.held, holds)
		}
	}
}

func TestPropagationWakesItself(t *testing.T) {
	now := time.Unix(1000, 0)
	p := newPropagation(now)
	p, wake := p.next(now, true, false)
	if want := now.Add(grace); p.held != neither || !wake.Equal(want) {
		t.Fatalf("held %d, wake %v, want to look again at %v", p.held, wake, want)
	}
	if p, _ = p.next(wake, true, false); p.held != lanSide {
		t.Errorf("held %d at the end of the grace time, want the LAN side", p.held)
	}
}

package supervise

import (
	"testing"
	"time"
)

func TestGap(t *testing.T) {
	start := time.Unix(1000, 0)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	for name, c := range map[string]struct {
		events func(*Gap)
		want   int // ms
		count  uint64
	}{
		"nothing happened":    {func(*Gap) {}, 0, 0},
		"nothing ever served": {func(g *Gap) { g.Failed(at(5)); g.Bridged(at(9)) }, 0, 0},
		"a hang: from the last check to disarming": {func(g *Gap) {
			g.Served(at(0))
			g.Served(at(250))
			g.Failed(time.Time{})
			g.Bridged(at(900))
		}, 650, 1},
		"a crash: from the last heartbeat": {func(g *Gap) {
			g.Served(at(0))
			g.Failed(at(190))
			g.Bridged(at(200))
		}, 10, 1},
		"a heartbeat older than the check adds nothing": {func(g *Gap) {
			g.Served(at(100))
			g.Failed(at(80))
			g.Bridged(at(130))
		}, 30, 1},
		"served again before it was bridged": {func(g *Gap) {
			g.Served(at(0))
			g.Failed(time.Time{})
			g.Served(at(40))
			g.Bridged(at(500))
		}, 40, 1},
		"further failures while bridged measure nothing": {func(g *Gap) {
			g.Served(at(0))
			g.Failed(time.Time{})
			g.Bridged(at(70))
			g.Failed(at(900))
			g.Bridged(at(1000))
		}, 70, 1},
		"the first of two failures counts": {func(g *Gap) {
			g.Served(at(0))
			g.Failed(time.Time{})
			g.Failed(at(50))
			g.Bridged(at(60))
		}, 60, 1},
		"the next event replaces the last": {func(g *Gap) {
			g.Served(at(0))
			g.Failed(time.Time{})
			g.Bridged(at(70))
			g.Served(at(1000))
			g.Failed(time.Time{})
			g.Bridged(at(1005))
		}, 5, 2},
		"the switch ran out before anybody looked": {func(g *Gap) {
			g.Served(at(100))
			g.Failed(at(120))
			g.Bridged(at(110))
		}, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var g Gap
			c.events(&g)
			if got := g.Last().Milliseconds(); got != int64(c.want) || g.Count() != c.count {
				t.Errorf("%d gaps, the last %d ms, want %d, %d ms", g.Count(), got, c.count, c.want)
			}
		})
	}
}

package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"limpid/appliance/control"
)

const (
	// pulseWidth is how many seconds the live chart shows.
	pulseWidth = 120
	// pulseAsked is how many points are asked for at each beat: more than one, as no
	// beat comes exactly after a second.
	pulseAsked = 10
	// noteTime is how late a second may be noted.
	noteTime = 2 * time.Second
)

// pulse is what changes from second to second.
type pulse struct {
	// Stamp is another one when something else on the page is another.
	Stamp string `json:"stamp"`
	// Points are the seconds that have passed since the pulse before.
	Points []pulsePoint `json:"points"`
	Counts *pulseCounts `json:"counts,omitempty"` // nil while the supervisor does not answer
}

// pulsePoint is what a second had, by the names of GET /v1/history.
type pulsePoint struct {
	At        int64  `json:"at"` // Unix time
	ToClients uint64 `json:"to_clients"`
	FromCache uint64 `json:"from_cache"`
	LANSent   uint64 `json:"lan_sent"`
	Requests  uint64 `json:"requests"`
}

// pulseCounts are the counters, by the names that their places on the page have.
type pulseCounts struct {
	Active   uint64 `json:"active"`
	Captured uint64 `json:"captured"`
	Bridged  uint64 `json:"bridged"`
	Requests uint64 `json:"requests"`
	LastGap  int64  `json:"last_gap"` // ms
}

// pulseOf is the pulse at a moment for somebody who has seen all up to a second.
func pulseOf(l look, h control.History, seen int64, now time.Time) pulse {
	p := pulse{Stamp: stampOf(l), Points: pointsOf(h, seen, now)}
	if l.err == nil {
		s := l.status
		p.Counts = &pulseCounts{s.Flows.Active, s.Flows.Captured, s.Flows.Bridged, s.Requests, s.LastGapMS}
	}
	return p
}

// pointsOf are the seconds after seen of which nothing more will be told. That one is
// over is not enough: what was counted in its last moment is noted a moment later. So the
// newest one waits until there is another, which is noted behind it, or for long enough.
func pointsOf(h control.History, seen int64, now time.Time) []pulsePoint {
	points := []pulsePoint{}
	at := func(name string, counts []uint64) uint64 {
		if i := slices.Index(h.Names, name); i >= 0 && i < len(counts) {
			return counts[i]
		}
		return 0
	}
	for i, p := range h.Points {
		over := p.At.Add(time.Duration(h.Step))
		if i == len(h.Points)-1 {
			over = over.Add(noteTime)
		}
		if p.At.Unix() <= seen || over.After(now) {
			continue
		}
		points = append(points, pulsePoint{
			p.At.Unix(), at("to_clients", p.Counts), at("from_cache", p.Counts), at("lan_sent", p.Counts), at("requests", p.Counts),
		})
	}
	return points
}

// stampOf is a digest of what the page shows beside numbers and passing time.
func stampOf(l look) string {
	if l.err != nil {
		return "silent"
	}
	s := l.status
	var trial time.Time
	if s.Trial != nil {
		trial = s.Trial.Until
	}
	said := fmt.Sprintf("%s|%s|%d|%v|%d|%q|%+v|%d|%s", s.Mode, s.Reason, s.Since.UnixNano(), s.Bypass.On, s.Bypass.Until.UnixNano(),
		alarmsOf(s), s.Wire, trial.UnixNano(), s.Timezone)
	sum := sha256.Sum256([]byte(said))
	return hex.EncodeToString(sum[:8])
}

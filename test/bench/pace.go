package main

import "time"

// pace is what a client of the bench does. With a rate it asks at fixed times,
// whatever has become of the requests before, and an answer's time counts from
// when the request was due: a stall is felt by all who come while it lasts
// (otherwise it would be told once, and its victims never asked). Without one,
// width connections at once each begin again when they have ended.
type pace struct {
	rate  float64 // requests a second; 0: as fast as they are answered
	width int     // connections kept alive, or open at once without a rate
	fresh bool    // a connection for each request
	d     time.Duration
}

// Bounds of a client's patience.
const (
	// afterwards is how long answers are awaited when nothing is begun any more.
	// It is longer than the first repetitions of a lost SYN: 1 s, then 3 s.
	afterwards = 5 * time.Second
	// stalled is what no connection takes unless something got lost: the least
	// time to a repetition is 0.2 s, that of a SYN 1 s (RFC 6298).
	stalled = 500 * time.Millisecond
)

// due is when request i of a rate is due, counted from 1.
func (p pace) due(begin time.Time, i uint64) time.Time {
	return begin.Add(time.Duration(float64(i) / p.rate * float64(time.Second)))
}

// total is how many requests a rate makes.
func (p pace) total() uint64 { return uint64(p.rate * p.d.Seconds()) }

// answered counts a whole answer.
func (w *work) answered(took time.Duration) {
	w.requests++
	w.bytes += smallSize
	w.times = append(w.times, took)
}

// gaveUp counts a request without a whole answer, with the time that it took so
// far: who left it out would forgive the worst.
func (w *work) gaveUp(took time.Duration, reset bool) {
	w.failed++
	w.times = append(w.times, took)
	if reset {
		w.resets++
	}
}

// ended counts the whole of a connection.
func (w *work) ended(took time.Duration) {
	if took > stalled {
		w.stalls++
	}
	w.longest = max(w.longest, took)
}

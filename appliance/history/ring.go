package history

import "time"

// Point is how much each count grew in one step.
type Point struct {
	At     time.Time // where the step begins
	Counts []uint64  // in the order of the names
}

// slot is a point in a ring. number counts steps since 1970; 0: nothing is there.
type slot struct {
	number uint64
	counts []uint64
}

// ring holds the points of one step's length.
type ring struct {
	step  time.Duration
	slots []slot
}

func newRing(step time.Duration, length, names int) *ring {
	r := &ring{step: step, slots: make([]slot, length)}
	for i := range r.slots {
		r.slots[i].counts = make([]uint64, names)
	}
	return r
}

// add adds to the point that holds t.
func (r *ring) add(t time.Time, grown []uint64) {
	number := uint64(t.Unix()) / uint64(r.step/time.Second)
	s := &r.slots[number%uint64(len(r.slots))]
	if s.number != number {
		s.number = number
		clear(s.counts)
	}
	for i, n := range grown {
		s.counts[i] += n
	}
}

// since gives the points from a time to another, the oldest first; steps in which
// nothing was fed are left out.
func (r *ring) since(from, to time.Time) []Point {
	step := uint64(r.step / time.Second)
	first, last := uint64(from.Unix())/step, uint64(to.Unix())/step
	if last-first >= uint64(len(r.slots)) {
		first = last - uint64(len(r.slots)) + 1
	}
	var points []Point
	for number := first; number <= last; number++ {
		s := &r.slots[number%uint64(len(r.slots))]
		if s.number == number {
			points = append(points, Point{time.Unix(int64(number*step), 0), append([]uint64(nil), s.counts...)})
		}
	}
	return points
}

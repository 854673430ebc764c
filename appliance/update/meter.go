package update

import (
	"time"

	"limpid/appliance/control"
)

// meterStep is how often a rate is reckoned, and meterShare how much of it is
// the newest step's: what is shown follows in some two seconds and does not jump.
const (
	meterStep  = 250 * time.Millisecond
	meterShare = 0.2
)

// meter reckons progress. It is guarded by whoever has it.
type meter struct {
	now         func() time.Time
	done, total int64
	since       time.Time
	sinceDone   int64
	rate        float64 // bytes a second
	stopped     bool
}

// newMeter begins at done of total bytes.
func newMeter(now func() time.Time, done, total int64) meter {
	return meter{now: now, done: done, total: total, since: now(), sinceDone: done}
}

func (m *meter) add(n int64) {
	m.done += n
	passed := m.now().Sub(m.since)
	if passed < meterStep {
		return
	}
	step := float64(m.done-m.sinceDone) / passed.Seconds()
	if m.rate == 0 {
		m.rate = step
	}
	m.rate += (step - m.rate) * meterShare
	m.since, m.sinceDone = m.now(), m.done
}

func (m *meter) progress() control.Progress {
	p := control.Progress{Done: m.done, Total: m.total, Rate: int64(m.rate)}
	if m.total > 0 {
		p.Percent = 100 * float64(m.done) / float64(m.total)
	}
	if m.stopped {
		p.Rate = 0
	}
	return p
}

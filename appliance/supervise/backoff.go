package supervise

import "time"

const (
	firstDelay = 250 * time.Millisecond // before the second restart in a row
	lastDelay  = 10 * time.Second
	longLife   = 30 * time.Second // a process that lived so long starts the row anew
)

// Backoff says how long to wait before a process is started again: not at all
// the first time, then 250 ms, doubled up to 10 s. Its zero value is ready.
type Backoff struct{ next time.Duration }

// After returns the wait after a process that lived for life.
func (b *Backoff) After(life time.Duration) time.Duration {
	if life >= longLife {
		b.next = 0
	}
	wait := b.next
	b.next = min(max(2*wait, firstDelay), lastDelay)
	return wait
}

package lease

import "time"

// Question is what to ask the network for.
type Question int

// Questions, by the states of RFC 2131 figure 5 in which they are asked.
const (
	Nothing Question = iota // BOUND: all is well until Wake
	Seek                    // INIT: any address, from any server
	Renew                   // RENEWING: ours, of the server that granted it
	Rebind                  // REBINDING: ours, of any server
	Reboot                  // INIT-REBOOT: does ours still hold here?
)

const (
	firstWait = time.Second
	lastWait  = 64 * time.Second
	// leastWait is between two renewals (RFC 2131 section 4.4.5).
	leastWait = 60 * time.Second
)

// Machine says what to do about a lease, and when. Its zero value holds none
// and asks at once.
type Machine struct {
	lease   *Lease
	granted time.Time
	reboot  bool          // the network may be another one
	next    time.Time     // not to ask again before
	wait    time.Duration // of the last silence
}

// Lease is what the box may use now; nil for nothing.
func (m *Machine) Lease() *Lease { return m.lease }

// Ask says what to ask at now. A lease that is over is gone afterwards.
func (m *Machine) Ask(now time.Time) Question {
	if end := m.End(); !end.IsZero() && !now.Before(end) {
		m.forget()
	}
	switch {
	case now.Before(m.next):
		return Nothing
	case m.lease == nil:
		return Seek
	case m.reboot:
		return Reboot
	case m.lease.Time == 0:
		return Nothing
	}
	switch age := now.Sub(m.granted); {
	case age >= m.lease.Rebind:
		return Rebind
	case age >= m.lease.Renew:
		return Renew
	}
	return Nothing
}

// Wake is when Ask has something new to say, if nothing happens before; the
// zero time is never.
func (m *Machine) Wake(now time.Time) time.Time {
	if m.lease == nil || m.reboot {
		return m.next
	}
	if m.lease.Time == 0 {
		return time.Time{}
	}
	for _, d := range []time.Duration{m.lease.Renew, m.lease.Rebind, m.lease.Time} {
		// A renewal that was not answered is repeated before the next stage.
		if at := m.granted.Add(d); at.After(now) {
			if d != m.lease.Renew && m.next.After(now) && m.next.Before(at) {
				return m.next
			}
			return at
		}
	}
	return now
}

// End is when the lease is over; the zero time is never, or none is held.
func (m *Machine) End() time.Time {
	if m.lease == nil || m.lease.Time == 0 {
		return time.Time{}
	}
	return m.granted.Add(m.lease.Time)
}

// Granted takes note of a lease.
func (m *Machine) Granted(now time.Time, l Lease) {
	*m = Machine{lease: &l, granted: now}
}

// Refused takes note of a NAK: the address is not ours any longer.
func (m *Machine) Refused(now time.Time) {
	m.forget()
	m.silent(now)
}

// Silent takes note that nobody answered. An address that was granted is kept
// to the end of its time (RFC 2131 sections 3.2 and 4.4.5).
func (m *Machine) Silent(now time.Time) {
	if m.lease == nil || m.reboot {
		m.silent(now)
		return
	}
	stage := m.lease.Rebind
	if now.Sub(m.granted) >= stage {
		stage = m.lease.Time
	}
	m.next = now.Add(max(m.granted.Add(stage).Sub(now)/2, leastWait))
}

// Flapped takes note that the link was down: this may be another network.
func (m *Machine) Flapped(time.Time) {
	m.reboot = m.lease != nil
	m.next, m.wait = time.Time{}, 0
}

func (m *Machine) silent(now time.Time) {
	m.wait = min(max(2*m.wait, firstWait), lastWait)
	m.next = now.Add(m.wait)
}

func (m *Machine) forget() { *m = Machine{} }

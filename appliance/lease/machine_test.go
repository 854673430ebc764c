package lease

import (
	"net/netip"
	"testing"
	"time"
)

func hour() Lease {
	return Lease{Address: netip.MustParsePrefix("192.0.2.10/24"), Renew: 30 * time.Minute, Rebind: 52 * time.Minute, Time: time.Hour}
}

func TestMachine(t *testing.T) {
	start := time.Unix(100000, 0)
	at := func(d time.Duration) time.Time { return start.Add(d) }
	const never = time.Duration(-1)
	type step struct {
		when time.Duration
		do   func(*Machine, time.Time)
		ask  Question      // right after it
		wake time.Duration // right after it
		held bool
	}
	granted := func(m *Machine, now time.Time) { m.Granted(now, hour()) }
	look := func(*Machine, time.Time) {}
	silent := (*Machine).Silent
	for name, steps := range map[string][]step{
		"a new box asks, ever more seldom": {
			{0, look, Seek, 0, false},
			{0, silent, Nothing, time.Second, false},
			{time.Second, look, Seek, time.Second, false},
			{time.Second, silent, Nothing, 3 * time.Second, false},
			{3 * time.Second, silent, Nothing, 7 * time.Second, false},
			{7 * time.Second, granted, Nothing, 7*time.Second + 30*time.Minute, true},
		},
		"renewed at T1": {
			{0, granted, Nothing, 30 * time.Minute, true},
			{30 * time.Minute, look, Renew, 52 * time.Minute, true},
			{30 * time.Minute, granted, Nothing, time.Hour, true},
		},
		"renewing in vain, then rebinding, then over": {
			{0, granted, Nothing, 30 * time.Minute, true},
			{30 * time.Minute, silent, Nothing, 41 * time.Minute, true},
			{41 * time.Minute, look, Renew, 52 * time.Minute, true},
			{51 * time.Minute, silent, Nothing, 52 * time.Minute, true},
			{52 * time.Minute, look, Rebind, time.Hour, true},
			{52 * time.Minute, silent, Nothing, 56 * time.Minute, true},
			{59*time.Minute + 30*time.Second, silent, Nothing, time.Hour, true},
			{time.Hour, look, Seek, never, false},
		},
		"refused: given up at once": {
			{0, granted, Nothing, 30 * time.Minute, true},
			{30 * time.Minute, (*Machine).Refused, Nothing, 30*time.Minute + time.Second, false},
			{30*time.Minute + time.Second, look, Seek, 30*time.Minute + time.Second, false},
		},
		"for ever is for ever": {
			{0, func(m *Machine, now time.Time) { l := hour(); l.Time = 0; m.Granted(now, l) }, Nothing, never, true},
			{1000 * time.Hour, look, Nothing, never, true},
		},
		"after a pulled cable the lease is confirmed": {
			{0, granted, Nothing, 30 * time.Minute, true},
			{time.Minute, (*Machine).Flapped, Reboot, never, true},
			{time.Minute, silent, Nothing, time.Minute + time.Second, true},
			{time.Minute + time.Second, look, Reboot, time.Minute + time.Second, true},
			{time.Minute + time.Second, granted, Nothing, 31*time.Minute + time.Second, true},
		},
		"after a pulled cable and a NAK it is given up": {
			{0, granted, Nothing, 30 * time.Minute, true},
			{time.Minute, (*Machine).Flapped, Reboot, never, true},
			{time.Minute, (*Machine).Refused, Nothing, time.Minute + time.Second, false},
		},
		"a lease runs out while nobody confirms it": {
			{0, granted, Nothing, 30 * time.Minute, true},
			{time.Minute, (*Machine).Flapped, Reboot, never, true},
			{time.Hour, look, Seek, never, false},
		},
		"a pulled cable without a lease hastens the search": {
			{0, silent, Nothing, time.Second, false},
			{time.Second, silent, Nothing, 3 * time.Second, false},
			{2 * time.Second, (*Machine).Flapped, Seek, never, false},
			{2 * time.Second, silent, Nothing, 3 * time.Second, false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var m Machine
			for i, s := range steps {
				now := at(s.when)
				s.do(&m, now)
				if got := m.Ask(now); got != s.ask {
					t.Errorf("step %d: ask %d, want %d", i, got, s.ask)
				}
				if got := m.Wake(now); s.wake != 0 && (s.wake == never) != got.IsZero() || s.wake > 0 && !got.Equal(at(s.wake)) {
					t.Errorf("step %d: wake after %v, want %v", i, got.Sub(start), s.wake)
				}
				if got := m.Lease() != nil; got != s.held {
					t.Errorf("step %d: lease held %v, want %v", i, got, s.held)
				}
			}
		})
	}
}

package slots

import (
	"errors"
	"fmt"
)

// ErrUncommitted says that the running slot has not proved healthy since it was
// booted: the other slot may be what is needed next, and is left alone.
var ErrUncommitted = errors.New("the running firmware has not proved healthy yet: wait until limpid status says it has")

// ErrNoOther says that the slot that does not run holds nothing to boot.
var ErrNoOther = errors.New("the other slot holds no firmware that ever proved healthy: update instead")

// ErrUncounted says that a try could not be told from any other boot.
var ErrUncounted = errors.New("this machine's firmware does not let GRUB write to the boot medium, so that an update that fails would be booted for ever: flash the medium instead, on another computer")

// Count is for the very beginning of a boot. GRUB took one boot off the slot
// that runs, so that its count cannot be full, and is 0 in a try. Where it is not
// so, the machine's firmware does not let GRUB write: then Count takes the boot
// off in its place, which serves all that goes wrong from here on, and notes it.
func Count(s State, running Slot) State {
	try := s.Order[0] == running && s.Left[running] == 1 && s.Left[running.Other()] >= Full
	s.Uncounted = s.Left[running] >= Full || try
	if s.Uncounted {
		s.Left[running]--
	}
	return s
}

// Committed says whether the running slot proved healthy since it was booted:
// GRUB took one boot off, and only Commit makes the count full again.
func Committed(s State, running Slot) bool { return s.Left[running] >= Full }

// Pending says whether the slot that does not run is tried at the next boot.
func Pending(s State, running Slot) bool {
	return s.Order[0] != running && s.Left[s.Order[0]] > 0
}

// Last says whether this is the running slot's last boot before the other gets
// a turn: so in a try, and when boot after boot did not prove healthy.
func Last(s State, running Slot) bool {
	return s.Left[running] == 0 && s.Left[running.Other()] > 0
}

// Begin makes the slot that does not run unbootable, so that it may be written,
// and takes back a try of it that has not happened yet. It must be real before
// the first byte is written.
func Begin(s State, running Slot) (State, error) {
	switch {
	case !Committed(s, running):
		return s, fmt.Errorf("begin update: %w", ErrUncommitted)
	case s.Uncounted:
		return s, fmt.Errorf("begin update: %w", ErrUncounted)
	}
	s.Order = [2]Slot{running, running.Other()}
	s.Left[running.Other()] = 0
	return s, nil
}

// Try gives the slot that does not run, newly written and verified, one boot.
func Try(s State, running Slot) (State, error) {
	switch spare := running.Other(); {
	case !Committed(s, running):
		return s, fmt.Errorf("try slot %v: %w", spare, ErrUncommitted)
	case s.Left[spare] != 0:
		return s, fmt.Errorf("try slot %v: no update of it has begun", spare)
	}
	return once(s, running.Other()), nil
}

// Back gives the slot that does not run, as it was before the last update, one
// boot. Like any try it falls back by itself.
func Back(s State, running Slot) (State, error) {
	switch spare := running.Other(); {
	case Pending(s, running):
		return s, fmt.Errorf("go back to slot %v: it is tried at the next boot already", spare)
	case !Committed(s, running):
		return s, fmt.Errorf("go back to slot %v: %w", spare, ErrUncommitted)
	case s.Left[spare] == 0:
		return s, fmt.Errorf("go back to slot %v: %w", spare, ErrNoOther)
	case s.Uncounted:
		return s, fmt.Errorf("go back to slot %v: %w", spare, ErrUncounted)
	}
	return once(s, running.Other()), nil
}

// once puts a slot first, for one boot.
func once(s State, slot Slot) State {
	s.Order = [2]Slot{slot, slot.Other()}
	s.Left[slot] = 1
	return s
}

// Commit makes the running slot, which proved healthy, the one to boot. The
// other keeps what it has left: nothing if it was tried and did not stand.
func Commit(s State, running Slot) State {
	s.Order = [2]Slot{running, running.Other()}
	s.Left[running] = Full
	return s
}

// Repair is the state to write where the block is unreadable and the running
// slot proved healthy. What the other slot holds nobody knows, so it has no
// boots left: GRUB takes it all the same when the running one cannot be loaded.
func Repair(running Slot) State { return Commit(State{}, running) }

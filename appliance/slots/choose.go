package slots

// Choose is what GRUB's configuration does at power-on with the state s, and
// with a block that is unreadable if readable is false. loads tells whether a
// slot's kernel and root file system can be loaded. It returns the slot that is
// booted and the state as the block has it then; ok is false if neither loads.
func Choose(s State, readable bool, loads func(Slot) bool) (slot Slot, after State, ok bool) {
	order := [2]Slot{A, B}
	if readable {
		order = s.Order
		for _, slot := range order {
			if s.Left[slot] == 0 {
				continue
			}
			s.Left[slot]-- // written before anything of the slot is read
			if loads(slot) {
				return slot, s, true
			}
		}
	}
	// No slot that may be booted can be: one that may not is better than none.
	for _, slot := range order {
		if loads(slot) {
			return slot, s, true
		}
	}
	return A, s, false
}

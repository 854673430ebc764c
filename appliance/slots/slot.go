package slots

import (
	"fmt"
	"strings"
)

// Slot is one of the two places a firmware is kept in.
type Slot uint8

// The slots.
const (
	A Slot = iota
	B
)

// String gives the letter that stands for the slot on the kernel command line.
func (s Slot) String() string {
	if s == A {
		return "a"
	}
	return "b"
}

// Other gives the slot that s is not.
func (s Slot) Other() Slot { return 1 - s&1 }

// Partition gives the name of the slot's partition in the partition table.
func (s Slot) Partition() string { return "limpid-" + s.String() }

// ParseSlot reads "a" or "b".
func ParseSlot(text string) (Slot, error) {
	switch text {
	case "a":
		return A, nil
	case "b":
		return B, nil
	}
	return A, fmt.Errorf("read slot %q: want a or b", text)
}

// parameter is what GRUB puts on the kernel command line.
const parameter = "limpid.slot="

// Running tells from a kernel command line (/proc/cmdline) which slot was
// booted. ok is false where none was: limpid then runs without slots.
func Running(cmdline string) (slot Slot, ok bool) {
	for word := range strings.FieldsSeq(cmdline) {
		if text, found := strings.CutPrefix(word, parameter); found {
			if s, err := ParseSlot(text); err == nil {
				slot, ok = s, true // the last one holds, as in the kernel
			}
		}
	}
	return slot, ok
}

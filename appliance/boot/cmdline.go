package boot

import (
	"strings"

	"limpid/appliance/disk"
	"limpid/appliance/slots"
)

// cmdline is the kernel's command line.
type cmdline string

// value gives the last value of NAME=value; "" when there is none.
func (c cmdline) value(name string) string {
	value := ""
	for word := range strings.FieldsSeq(string(c)) {
		if v, ok := strings.CutPrefix(word, name+"="); ok {
			value = v
		}
	}
	return value
}

// slot is the firmware slot that the boot loader has started; ok is false when it
// says none.
func (c cmdline) slot() (s slots.Slot, ok bool) { return slots.Running(string(c)) }

// disk tells which disk the boot loader was read from.
func (c cmdline) disk() disk.Booted { return disk.ParseBooted(string(c)) }

// slotName is "" when there is none.
func (c cmdline) slotName() string {
	if s, ok := c.slot(); ok {
		return s.String()
	}
	return ""
}

// ports are the interfaces of the wire (limpid.ports=eth0,eth1), if the image was built
// with them (-append): then the right ones are bridged before the configuration can be
// read. The command line lies in the slot, under its sums: nothing here writes it, and
// an update brings its own.
func (c cmdline) ports() (ports [2]string, ok bool) {
	lan, wan, ok := strings.Cut(c.value("limpid.ports"), ",")
	return [2]string{lan, wan}, ok && lan != "" && wan != "" && lan != wan
}

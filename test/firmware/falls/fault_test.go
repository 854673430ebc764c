package falls

import (
	"errors"
	"strings"
	"testing"

	"limpid/appliance/slots"
)

// Firmware that panics, hangs, or never gets its proxy or its page to work is left again by itself, for what ran before.
func TestFaults(t *testing.T) {
	w, err := makeWorld()
	if err != nil {
		t.Fatal(err)
	}
	const ill = "does not get healthy" // said after three minutes
	for _, test := range []struct{ fault, says string }{
		{"proxy", ill},
		{"page", ill},
		{"init", "Kernel panic - not syncing: Attempted to kill init"},
		{"kernel", "Kernel panic - not syncing: sysrq triggered crash"},
		{"hang", "fault: everything hangs: <nil>"},
	} {
		t.Run(test.fault, func(t *testing.T) {
			t.Parallel() // most of it is waiting
			ctx := limited(t)
			d := w.newDisk(t)
			// As an update leaves a disk.
			if err := errors.Join(d.Write(slotStart(slots.B), w.faulty(ctx, t, test.fault)), d.SetEnv("order=ba left_a=8 left_b=1")); err != nil {
				t.Fatal(err)
			}
			b := start(ctx, t, w, d)
			b.expect("limpid: slot b, boots left after this one: 0")
			b.expect("fault: " + test.fault)
			b.expect(test.says)
			b.booted(slots.A, oldVersion)
			b.shell()
			if said := b.must("/init update status"); !strings.Contains(said, "slot b was booted and did not prove healthy") {
				t.Errorf("limpid update status does not tell:\n%s", said)
			}
			if test.says == ill {
				// The last look's reason, for whoever reads: a busy host may have given it another.
				t.Log(b.must("grep '" + ill + "' /data/log/box.log"))
			}
		})
	}
}

package update

import (
	"bytes"
	"testing"

	"limpid/appliance/slots"
)

// The power goes at every operation on the medium there is in an update, its
// try and the commit, or the fall-back. Whatever has reached the medium by then:
// the slot that GRUB chooses is one of the two firmwares, and whole, also if
// GRUB does not look; the one that ran before is never touched; and the box can
// be updated again.
func TestPowerCutAtEveryOperation(t *testing.T) {
	old, image := oldImage(), newImage()
	trusting := func([]byte) bool { return true }
	r := newRig(t, newDisk(capacity, old))
	data := pack(t, r.key, manifest(t, image), image)
	cuts := 0
	for _, healthy := range []bool{true, false} {
		for cutAt := 0; ; cutAt++ {
			d := newDisk(capacity, old)
			d.random.Uint64() // another medium, another memory
			r.disk = d
			r.start(t, slots.A, "1.0.0")
			d.cutAt = cutAt
			done := r.send(t, data) == nil
			if done {
				// The first boot of the new firmware, up to its commit.
				if slot, _ := d.boot(trusting); slot != slots.B {
					t.Fatalf("cut %d: slot %v is tried", cutAt, slot)
				}
				if healthy {
					_, err := d.Commit(slots.B)
					done = err == nil
				}
			}
			cut := d.dead
			d.powerOn()
			if !bytes.HasPrefix(d.slots[slots.A], old) || d.written[slots.A] != 0 {
				t.Fatalf("cut %d: the slot that ran was written", cutAt)
			}
			slot, ok := d.boot(trusting)
			if !ok || !whole(d.slots[slot]) {
				t.Fatalf("cut %d: slot %v is booted and is not whole: %v", cutAt, slot, d.state)
			}
			if want := map[bool]slots.Slot{true: slots.B, false: slots.A}[done && healthy]; !cut && slot != want {
				t.Fatalf("no cut, healthy %v: slot %v is booted", healthy, slot)
			}
			// It proves healthy, and takes the update from the start.
			if _, err := d.Commit(slot); err != nil {
				t.Fatal(err)
			}
			r.start(t, slot, "1.0.0")
			if err := r.send(t, data); err != nil {
				t.Fatalf("cut %d: no update afterwards: %v", cutAt, err)
			}
			if slot, ok := d.boot(trusting); !ok || !bytes.HasPrefix(d.slots[slot], image) {
				t.Fatalf("cut %d: slot %v is booted after the second update", cutAt, slot)
			}
			if !cut {
				break
			}
			cuts++
		}
	}
	// Begin, ten chunks, two syncs, the try, and once the commit.
	if cuts < 2*13+1 {
		t.Errorf("only %d cuts", cuts)
	}
	t.Logf("%d cuts", cuts)
}

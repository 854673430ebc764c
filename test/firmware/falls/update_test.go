package falls

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"limpid/appliance/slots"
)

// What must be refused is refused by the box itself, with a reason, and the slot that runs has the bytes it had; what is
// refused by its head has written nothing at all. Then a good bundle is written, tried and kept. Whenever the plug is pulled
// meanwhile, one of the two boots, and the settings are what they were, though they are written anew all the time.
func TestUpdate(t *testing.T) {
	t.Parallel() // beside firmware that takes its time to fall back
	w, err := makeWorld()
	if err != nil {
		t.Fatal(err)
	}
	ctx := limited(t)
	// A third of the moments is while the slot is written, a third until GRUB has chosen it, a third in its first boot.
	each := (number(t, "LIMPID_UPDATE_CUTS", 3) + 2) / 3
	begun := time.Now()
	b := start(ctx, t, w, w.newDisk(t))
	b.expect("limpid: slot a, boots left after this one")
	toChoice := time.Since(begun)
	b.expect("INLINE since")
	b.shell()
	b.must("mkdir -p /mnt && mount -t vfat -o ro /dev/vdb1 /mnt && cp /mnt/update.pub /data/config/")
	b.must("echo '# mine' >> /data/config/limpid.toml && sync")
	b.committed()
	toCommit := time.Since(begun) - toChoice
	before := b.frozen()
	var toWrite time.Duration
	running, spare := slotOf(t, b.disk, slots.A), slotOf(t, b.disk, slots.B)
	for _, test := range []struct{ name, how, want string }{
		{"foreign", "", "signature"},
		{"short", "", "truncated"},
		{"board", "", "the bundle is for board aarch64, this box is x86_64"},
		{"older", "", "the bundle is version 0.9.0, older than 1.0.0"},
		{"flipped", "-page ", "slot.img is damaged: its SHA-256"},
	} {
		begun := time.Now()
		said, status := b.run("/mnt/send " + test.how + "/mnt/" + test.name)
		toWrite = time.Since(begun)
		if status == 0 || !strings.Contains(said, test.want) {
			t.Errorf("%s: status %d, want a refusal with %q:\n%s", test.name, status, test.want, said)
		}
		t.Log(strings.TrimSpace(said[strings.Index(said, "refused"):]))
		if !bytes.Equal(slotOf(t, b.disk, slots.A), running) {
			t.Errorf("%s: the slot that runs was written", test.name)
		}
		written := !bytes.Equal(slotOf(t, b.disk, slots.B), spare)
		if late := test.name == "flipped"; written != late {
			t.Errorf("%s: the slot that does not run was written: %v", test.name, written)
		}
	}
	if state := env(t, b.disk); state != "order=ab left_a=8 left_b=0" {
		t.Errorf("after the flipped bit: %s", state)
	}
	c := cuts{box: b, each: each}
	b.rewritten()
	c.during("writing", toWrite, func() { b.must("/init update /mnt/good") })
	if state := env(t, b.disk); state != "order=ba left_a=8 left_b=1" {
		t.Errorf("after the update: %s", state)
	}
	c.during("switching", toChoice, func() {
		b.typed("/init update reboot\n")
		b.expect("limpid: slot b, boots left after this one: 0")
	})
	c.during("first boot", toCommit, func() {
		b.expect("limpid " + newVersion + ", slot b")
		b.expect("INLINE since")
		b.shell()
		b.rewritten()
		b.committed()
	})
	if state := env(t, b.disk); state != "order=ba left_a=8 left_b=8" {
		t.Errorf("after the commit: %s", state)
	}
	if !bytes.Equal(slotOf(t, b.disk, slots.A), running) || !bytes.HasPrefix(slotOf(t, b.disk, slots.B), w.new) {
		t.Error("the slots do not hold what they should")
	}
	b.m.Kill()
	for i, m := range c.taken {
		t.Run(fmt.Sprintf("cut %d, %s", i+1, m.phase), func(t *testing.T) { m.whole(t, w, before) })
		_ = os.Remove(m.file)
	}
}

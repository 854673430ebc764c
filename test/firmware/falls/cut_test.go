package falls

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"limpid/appliance/slots"
	"limpid/image/disk"
	"limpid/test/firmware"
)

// number gives a number from the environment.
func number(t *testing.T, name string, usual int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q: want a number from 1 on", name, text)
	}
	return n
}

// moment is a machine's disk as a power cut would have left it.
type moment struct {
	phase string
	after time.Duration // from the phase's beginning
	file  string
}

// cuts takes a box's disk at moments by chance, all through some phases of its life.
type cuts struct {
	box   *box
	each  int // how many are kept of a phase
	taken []moment
}

// during takes moments while f runs, which takes about span. Of those it keeps as many as it should, any with equal chance.
func (c *cuts) during(phase string, span time.Duration, f func()) {
	c.box.t.Helper()
	done, ended := make(chan struct{}), make(chan error)
	// More than are kept, so that there are enough where a phase is over sooner than it should be; and no end of them, since
	// a box that stands still again and again does not prove healthy.
	most := 2*c.each + 2
	pause := span / time.Duration(most)
	var kept []moment
	go func() {
		begun, seen := time.Now(), 0
		wait := rand.N(pause)
		for {
			select {
			case <-done:
				ended <- nil
				return
			case <-time.After(wait):
			}
			if seen == most {
				<-done
				ended <- nil
				return
			}
			m := moment{phase: phase, after: time.Since(begun), file: filepath.Join(c.box.t.TempDir(), "cut")}
			if err := c.box.m.Freeze(func() error { return copyDisk(m.file, c.box.disk.File) }); err != nil {
				<-done
				ended <- err
				return
			}
			seen++
			if len(kept) < c.each {
				kept = append(kept, m)
			} else if i := rand.N(seen); i < c.each {
				kept[i], m = m, kept[i]
				_ = os.Remove(m.file)
			} else {
				_ = os.Remove(m.file)
			}
			wait = rand.N(2 * pause)
		}
	}()
	f()
	close(done)
	if err := <-ended; err != nil {
		c.box.t.Fatal(err)
	}
	if len(kept) < c.each {
		c.box.t.Errorf("%s: only %d moments, want %d", phase, len(kept), c.each)
	}
	c.taken = append(c.taken, kept...)
}

func copyDisk(to, from string) error {
	return command(context.Background(), "", "cp", "--sparse=always", from, to)
}

// whole boots a disk as the cut has left it: a slot whose contents are whole becomes inline, and the settings are what
// they were.
func (m moment) whole(t *testing.T, w world, before map[string]string) {
	t.Helper()
	d, err := firmware.OpenDisk(m.file)
	if err != nil {
		t.Fatal(err)
	}
	left := env(t, d)
	if string(slotOf(t, d, slots.A)[:len(w.old)]) != string(w.old) {
		t.Error("the slot that ran is not what it was")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	b := start(ctx, t, w, d)
	words := b.expect(`limpid: slot ([ab]), boots left after this one`)
	version, contents := oldVersion, w.old
	if words[1] == "b" {
		version, contents = newVersion, w.new
	}
	s, err := slots.ParseSlot(words[1])
	if err != nil {
		t.Fatal(err)
	}
	if string(slotOf(t, d, s)[:len(contents)]) != string(contents) {
		t.Errorf("slot %v was booted and is not whole", s)
	}
	b.expect("limpid " + version + ", slot " + words[1])
	b.expect("INLINE since")
	b.m.Kill()
	after := settings(t, d)
	for name, want := range before {
		if got := after[name]; got != want {
			t.Errorf("%s is %q, and was %q", name, got, want)
		}
	}
	t.Logf("%s, %.1f s: %s: slot %s", m.phase, m.after.Seconds(), left, words[1])
}

// settings gives what a disk's data partition has in its folder of settings, as far as tests know it.
func settings(t *testing.T, d *firmware.Disk) map[string]string {
	t.Helper()
	const sectors = 33 // of the second partition table, at the end
	data, err := d.Read(disk.DataStart, diskSize-disk.DataStart-sectors*disk.SectorSize)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.Remove(name) }() // its folder goes with the test
	return readData(t, name, "/config/limpid.toml", "/config/update.pub")
}

// rewritten has the box write its settings anew for as long as it runs, as it does itself: aside, forced to the disk, and
// renamed. What they say stays the same, so that no cut may show anything else.
func (b *box) rewritten() {
	b.t.Helper()
	b.must("{ while cp /data/config/limpid.toml /data/config/again && sync /data/config/again && mv /data/config/again /data/config/limpid.toml; do sleep 0.2; done & }")
}

// frozen gives the settings that a machine's disk has now.
func (b *box) frozen() map[string]string {
	b.t.Helper()
	name := filepath.Join(b.t.TempDir(), "disk")
	if err := b.m.Freeze(func() error { return copyDisk(name, b.disk.File) }); err != nil {
		b.t.Fatal(err)
	}
	d, err := firmware.OpenDisk(name)
	if err != nil {
		b.t.Fatal(err)
	}
	found := settings(b.t, d)
	for name, text := range found {
		if text == "" {
			b.t.Fatalf("there is no %s yet", name)
		}
	}
	return found
}

package update

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"sync"

	"limpid/appliance/slots"
)

var errPower = errors.New("the power is gone")

const sector = 512

// disk is a boot medium whose power can go. Like a real one it forgets what was
// not synced, sector by sector as it pleases; the boot environment is one sector
// and is written through.
type disk struct {
	mu      sync.Mutex
	state   slots.State
	slots   [2][]byte // on the medium
	seen    [2][]byte // as the kernel shows it
	dirty   [2]map[int]bool
	cutAt   int // the operation that the power goes in; -1: never
	ops     int
	dead    bool
	random  *rand.Rand
	written [2]int // bytes
	rot     bool   // sectors go bad when they are synced
}

func newDisk(capacity int, content []byte) *disk {
	d := &disk{state: slots.First(), cutAt: -1, random: rand.New(rand.NewPCG(1, 2))}
	for i := range d.slots {
		d.slots[i] = make([]byte, capacity)
		copy(d.slots[i], content)
		d.seen[i] = bytes.Clone(d.slots[i])
		d.dirty[i] = make(map[int]bool)
	}
	return d
}

// op counts an operation that changes the medium, and says whether the power
// lasts until it is done.
func (d *disk) op() bool {
	if d.dead {
		return false
	}
	d.ops++
	d.dead = d.cutAt == d.ops-1
	return !d.dead
}

// powerOn brings the disk back, with what has reached the medium.
func (d *disk) powerOn() {
	d.dead, d.cutAt = false, -1
	for i := range d.slots {
		for at := range d.dirty[i] {
			if d.random.IntN(2) == 0 {
				copy(d.slots[i][at:at+sector], d.seen[i][at:])
			}
		}
		copy(d.seen[i], d.slots[i])
		clear(d.dirty[i])
	}
}

// Read implements Boot.
func (d *disk) Read() (slots.State, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return slots.State{}, errPower
	}
	return d.state, nil
}

// Change implements Boot.
func (d *disk) Change(change func(slots.State) (slots.State, error)) (slots.State, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return slots.State{}, errPower
	}
	after, err := change(d.state)
	if err != nil || after == d.state {
		return d.state, err
	}
	if !d.op() {
		return d.state, errPower
	}
	d.state = after
	return after, nil
}

// Commit implements Committer.
func (d *disk) Commit(running slots.Slot) (slots.State, error) {
	return d.Change(func(s slots.State) (slots.State, error) { return slots.Commit(s, running), nil })
}

// open gives a slot as a Target.
func (d *disk) open(slot slots.Slot) func() (Target, error) {
	return func() (Target, error) { return &opened{d, slot}, nil }
}

type opened struct {
	*disk
	slot slots.Slot
}

func (o *opened) Capacity() (int64, error) { return int64(len(o.slots[o.slot])), nil }

func (o *opened) Close() error { return nil }

func (o *opened) ReadAt(p []byte, off int64) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.dead {
		return 0, errPower
	}
	return bytes.NewReader(o.seen[o.slot]).ReadAt(p, off)
}

func (o *opened) WriteAt(p []byte, off int64) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if off+int64(len(p)) > int64(len(o.seen[o.slot])) {
		return 0, io.ErrShortWrite
	}
	done := o.op()
	copy(o.seen[o.slot][off:], p)
	for at := int(off) / sector * sector; at < int(off)+len(p); at += sector {
		o.dirty[o.slot][at] = true
	}
	o.written[o.slot] += len(p)
	if !done {
		return 0, errPower
	}
	return len(p), nil
}

func (o *opened) Sync() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.op() {
		return errPower
	}
	for at := range o.dirty[o.slot] {
		copy(o.slots[o.slot][at:at+sector], o.seen[o.slot][at:])
	}
	clear(o.dirty[o.slot])
	if o.rot {
		o.slots[o.slot][3*sector] = 0xff
		copy(o.seen[o.slot], o.slots[o.slot])
	}
	return nil
}

// boot is a power-on: GRUB chooses a slot. loads tells whether one is whole, by
// the sums that GRUB checks.
func (d *disk) boot(loads func(content []byte) bool) (slots.Slot, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	slot, after, ok := slots.Choose(d.state, true, func(s slots.Slot) bool { return loads(d.slots[s]) })
	d.state = after
	return slot, ok
}

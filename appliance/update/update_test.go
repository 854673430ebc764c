package update

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"

	"aead.dev/minisign"

	"limpid/appliance/control"
	"limpid/appliance/slots"
	"limpid/appliance/update/bundle"
)

// capacity of a slot in these tests, in bytes.
const capacity = 12 << 20

// rig is a box with two slots, slot a of which runs version 1.0.0 and has
// proved healthy.
type rig struct {
	*Updater
	disk   *disk
	key    minisign.PrivateKey
	keys   bundle.Keys
	reboot atomic.Int32
}

// oldImage and newImage are what slots hold: a sum, and what it is the sum of.
func oldImage() []byte { return sealed(bytes.Repeat([]byte("old firmware "), 1000)) }

func newImage() []byte {
	return sealed(bytes.Repeat([]byte("new firmware, which is longer "), 330_000))
}

func sealed(content []byte) []byte {
	sum := sha256.Sum256(content)
	return append(append(sum[:], byte(len(content)>>24), byte(len(content)>>16), byte(len(content)>>8), byte(len(content))), content...)
}

// whole says whether a slot holds an image, and all of it.
func whole(slot []byte) bool {
	n := int(slot[32])<<24 | int(slot[33])<<16 | int(slot[34])<<8 | int(slot[35])
	return n <= len(slot)-36 && sha256.Sum256(slot[36:36+n]) == [32]byte(slot[:32])
}

func newRig(t testing.TB, d *disk) *rig {
	t.Helper()
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{disk: d, key: private, keys: bundle.Keys{public}}
	r.start(t, slots.A, "1.0.0")
	return r
}

// start makes an Updater as after a boot.
func (r *rig) start(t testing.TB, running slots.Slot, version string) {
	t.Helper()
	r.Updater = New(Options{
		Box: Box{Version: version, Board: "x86_64"}, Running: running, Boot: r.disk, Open: r.disk.open(running.Other()),
		Keys:   func() (bundle.Keys, error) { return r.keys, nil },
		Reboot: func(context.Context) error { r.reboot.Add(1); return nil },
		Log:    slog.New(slog.DiscardHandler),
	})
	t.Cleanup(func() { _ = r.Close() })
}

func manifest(t testing.TB, image []byte) bundle.Manifest {
	t.Helper()
	part, err := bundle.Describe(bundle.SlotPart, bytes.NewReader(image))
	if err != nil {
		t.Fatal(err)
	}
	return bundle.Manifest{Format: bundle.Format, Product: bundle.Product, Version: "1.1.0", Board: "x86_64", Notes: "Better.", Parts: []bundle.Part{part}}
}

func pack(t testing.TB, key minisign.PrivateKey, m bundle.Manifest, image []byte) []byte {
	t.Helper()
	text, err := m.Text()
	if err != nil {
		t.Fatal(err)
	}
	signature, err := bundle.Sign(key, text, m)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := bundle.Write(&b, text, signature, func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(image)), nil }); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (r *rig) send(t testing.TB, data []byte) error {
	t.Helper()
	return r.Upload(t.Context(), control.Upload{SHA256: sumOf(data), Size: int64(len(data))}, bytes.NewReader(data))
}

func (r *rig) status(t testing.TB) control.Update {
	t.Helper()
	u, err := r.Update(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestGoodBundleIsWrittenTriedAndCommitted(t *testing.T) {
	d := newDisk(capacity, oldImage())
	r := newRig(t, d)
	if err := r.Reboot(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing to try") {
		t.Errorf("reboot with nothing to try: %v", err)
	}
	image := newImage()
	data := pack(t, r.key, manifest(t, image), image)
	if err := r.send(t, data); err != nil {
		t.Fatal(err)
	}
	u := r.status(t)
	if u.Phase != control.UpdateReady || u.Bundle.Version != "1.1.0" || u.Bundle.Notes != "Better." || u.Bundle.Received != int64(len(data)) ||
		u.Progress.Percent != 100 || u.Running != "a" || u.Other != (control.OtherSlot{Slot: "b", BootsLeft: 1, Version: "1.1.0"}) || u.Problem != "" {
		t.Errorf("%+v", u)
	}
	if d.written[slots.A] != 0 || d.written[slots.B] != len(image) || !bytes.HasPrefix(d.slots[slots.B], image) {
		t.Errorf("%v bytes were written to the slots", d.written)
	}
	if err := r.Reboot(t.Context()); err != nil || r.reboot.Load() != 1 {
		t.Errorf("reboot: %v, %d", err, r.reboot.Load())
	}
	slot, ok := d.boot(whole)
	if !ok || slot != slots.B {
		t.Fatalf("slot %v is booted: %v", slot, ok)
	}
	r.start(t, slot, "1.1.0")
	if u := r.status(t); u.Healthy || u.Phase != control.UpdateIdle || u.Problem != "" {
		t.Errorf("in the try: %+v", u)
	}
	// The old slot is what a failed try falls back to: it must not be written now.
	if err := r.send(t, data); !errors.Is(err, slots.ErrUncommitted) || d.written[slots.A] != 0 {
		t.Errorf("update in a try: %v, %v bytes written", err, d.written)
	}
	if err := r.GoBack(t.Context()); !errors.Is(err, slots.ErrUncommitted) {
		t.Errorf("back in a try: %v", err)
	}
	if _, err := d.Commit(slot); err != nil {
		t.Fatal(err)
	}
	if u := r.status(t); !u.Healthy || u.Other.BootsLeft != slots.Full {
		t.Errorf("after the commit: %+v", u)
	}
	// And back.
	if err := r.GoBack(t.Context()); err != nil {
		t.Fatal(err)
	}
	if u := r.status(t); u.Phase != control.UpdateReady || u.Other.BootsLeft != 1 {
		t.Errorf("after going back: %+v", u)
	}
	if slot, ok := d.boot(whole); !ok || slot != slots.A {
		t.Errorf("slot %v is booted: %v", slot, ok)
	}
}

func TestTryThatFailsIsTold(t *testing.T) {
	d := newDisk(capacity, oldImage())
	r := newRig(t, d)
	if err := r.send(t, pack(t, r.key, manifest(t, newImage()), newImage())); err != nil {
		t.Fatal(err)
	}
	if slot, _ := d.boot(whole); slot != slots.B {
		t.Fatalf("slot %v is booted", slot)
	}
	slot, _ := d.boot(whole)
	r.start(t, slot, "1.0.0")
	if u := r.status(t); slot != slots.A || !strings.Contains(u.Problem, "slot b was booted and did not prove healthy") {
		t.Errorf("slot %v: %+v", slot, u)
	}
	if _, err := d.Commit(slot); err != nil {
		t.Fatal(err)
	}
	if err := r.GoBack(t.Context()); !errors.Is(err, slots.ErrNoOther) {
		t.Errorf("back to it: %v", err)
	}
	// A better one may follow.
	if err := r.send(t, pack(t, r.key, manifest(t, newImage()), newImage())); err != nil {
		t.Error(err)
	}
	if u := r.status(t); u.Problem != "" || u.Phase != control.UpdateReady {
		t.Errorf("%+v", u)
	}
}

// What can be known before the image comes is refused before a byte is written
// to either slot, and leaves the choice between them as it is.
func TestRefusedBundlesWriteNothing(t *testing.T) {
	image := newImage()
	small := image[:5000]
	for name, test := range map[string]struct {
		change func(m *bundle.Manifest)
		data   func(r *rig, data []byte) []byte
		want   string
	}{
		"another's signature": {data: func(r *rig, _ []byte) []byte { return pack(t, newRig(t, r.disk).key, manifest(t, small), small) }, want: "which is not trusted here"},
		"wrong board":         {change: func(m *bundle.Manifest) { m.Board = "riscv" }, want: "for board riscv, this box is x86_64"},
		"older":               {change: func(m *bundle.Manifest) { m.Version = "0.9.9" }, want: "version 0.9.9, older than 1.0.0"},
		"pre-release":         {change: func(m *bundle.Manifest) { m.Version = "1.0.0-rc.1" }, want: "older than 1.0.0"},
		"too new a minimum":   {change: func(m *bundle.Manifest) { m.Minimum = "1.0.1" }, want: "only follow version 1.0.1"},
		"unknown part": {change: func(m *bundle.Manifest) {
			m.Parts = append(m.Parts, bundle.Part{Name: "loader.img", Size: m.Parts[0].Size, SHA256: m.Parts[0].SHA256})
		}, want: "holds more than a slot.img"},
		"image of a bigger slot": {change: func(m *bundle.Manifest) { *m = manifest(t, make([]byte, capacity+1)) }, data: func(r *rig, _ []byte) []byte {
			return pack(t, r.key, manifest(t, make([]byte, capacity+1)), make([]byte, capacity+1))
		}, want: "the slot has room for 12582912"},
		"truncated":    {data: func(_ *rig, data []byte) []byte { return data[:len(data)-4000] }, want: "it is truncated"},
		"short":        {data: func(_ *rig, data []byte) []byte { return data[:700] }, want: "it is truncated"},
		"empty":        {data: func(*rig, []byte) []byte { return nil }, want: "it is truncated"},
		"no bundle":    {data: func(*rig, []byte) []byte { return bytes.Repeat([]byte{7}, 4096) }, want: "it is no limpid bundle"},
		"gzipped":      {data: func(_ *rig, data []byte) []byte { return append([]byte{0x1f, 0x8b}, data...) }, want: "it is no limpid bundle"},
		"lost a block": {data: func(_ *rig, data []byte) []byte { return append(bytes.Clone(data[:512]), data[1024:]...) }, want: "it is no limpid bundle"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDisk(capacity, oldImage())
			r := newRig(t, d)
			m := manifest(t, small)
			if test.change != nil {
				test.change(&m)
			}
			data := []byte(nil)
			if name != "image of a bigger slot" {
				data = pack(t, r.key, m, small)
			}
			if test.data != nil {
				data = test.data(r, data)
			}
			r.expectUntouched(t, data, test.want)
		})
	}
}

// expectUntouched sends a bundle that is refused for a reason of one line.
func (r *rig) expectUntouched(t *testing.T, data []byte, want string) {
	t.Helper()
	before := [2][]byte{bytes.Clone(r.disk.seen[0]), bytes.Clone(r.disk.seen[1])}
	state, ops := r.disk.state, r.disk.ops
	err := r.send(t, data)
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Fatalf("%v, want %q", err, want)
	}
	for i := range before {
		if !bytes.Equal(before[i], r.disk.seen[i]) || r.disk.written[i] != 0 {
			t.Fatalf("slot %v was written: %v", slots.Slot(i), err)
		}
	}
	if r.disk.state != state || r.disk.ops != ops {
		t.Fatalf("the choice was %v and is %v: %v", state, r.disk.state, err)
	}
	if u := r.status(t); u.Phase != control.UpdateFailed || u.Problem != err.Error() {
		t.Fatalf("%+v", u)
	}
}

func TestEveryFlippedByteOfTheHeadWritesNothing(t *testing.T) {
	d := newDisk(1<<20, oldImage())
	r := newRig(t, d)
	small := newImage()[:5000]
	data := pack(t, r.key, manifest(t, small), small)
	head, err := bundle.ParseHead(data)
	if err != nil {
		t.Fatal(err)
	}
	untrusted := bytes.Index(data, []byte("signature from"))
	for i := 0; i < int(head.Size); i += 13 {
		if i >= untrusted && i < untrusted+len("signature from limpid bundle make") {
			continue // a comment that no one trusts
		}
		flipped := bytes.Clone(data)
		flipped[i] ^= 4
		r.expectUntouched(t, flipped, ":")
	}
}

// A bit that turns in the image is found before the slot may be booted, and the
// slot that runs and its place in the order are as they were.
func TestFlippedByteOfTheImageIsNeverBooted(t *testing.T) {
	image := newImage()
	for _, at := range []int{0, 1 << 20, len(image) - 1} {
		d := newDisk(capacity, oldImage())
		r := newRig(t, d)
		data := pack(t, r.key, manifest(t, image), image)
		data[len(data)-1024-(512-len(image)%512)%512-len(image)+at] ^= 1
		if err := r.send(t, data); err == nil || !strings.Contains(err.Error(), "slot.img is damaged") || strings.Contains(err.Error(), "\n") {
			t.Fatalf("byte %d: %v", at, err)
		}
		if want := (slots.State{Order: [2]slots.Slot{slots.A, slots.B}, Left: [2]uint8{slots.Full, 0}}); d.state != want {
			t.Errorf("byte %d: %v", at, d.state)
		}
		if slot, ok := d.boot(func([]byte) bool { return true }); slot != slots.A || !ok || !bytes.HasPrefix(d.slots[slots.A], oldImage()) || d.written[slots.A] != 0 {
			t.Errorf("byte %d: slot %v is booted", at, slot)
		}
	}
}

func TestBadMediumIsFound(t *testing.T) {
	d := newDisk(capacity, oldImage())
	d.rot = true
	r := newRig(t, d)
	err := r.send(t, pack(t, r.key, manifest(t, newImage()), newImage()))
	if err == nil || !strings.Contains(err.Error(), "it is not what was written") {
		t.Fatal(err)
	}
	if slot, _ := d.boot(func([]byte) bool { return true }); slot != slots.A {
		t.Errorf("slot %v is booted", slot)
	}
}

// Where GRUB cannot count boots, a try that fails would be booted for ever.
func TestNoUpdateWhereBootsAreNotCounted(t *testing.T) {
	d := newDisk(capacity, oldImage())
	d.state = slots.Commit(slots.Count(d.state, slots.A), slots.A)
	r := newRig(t, d)
	r.expectUntouched(t, pack(t, r.key, manifest(t, newImage()), newImage()), "does not let GRUB write")
}

func TestDowngradeIsTakenWhenAskedFor(t *testing.T) {
	d := newDisk(capacity, oldImage())
	r := newRig(t, d)
	m := manifest(t, oldImage())
	m.Version = "0.9.0"
	data := pack(t, r.key, m, oldImage())
	if err := r.send(t, data); err == nil {
		t.Fatal("an older version is taken unasked")
	}
	if err := r.Upload(t.Context(), control.Upload{Size: int64(len(data)), Downgrade: true}, bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
}

func TestSuits(t *testing.T) {
	m := manifest(t, []byte("x"))
	m.Minimum = "1.0.0"
	for version, want := range map[string]string{
		"1.0.0": "", "1.1.0": "", "1.0.5-3-gabcdef0": "", "1.1.0-rc.1": "", "v1.0.9-dirty": "",
		"0.9.0": "only follow version 1.0.0", "unknown": "only follow version 1.0.0", "1.1.1": "older than 1.1.1", "1.1.0-3-gabcdef0": "older than",
	} {
		_, err := Box{Version: version, Board: "x86_64"}.Suits(m, false)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", version, err, want)
		}
	}
	m.Minimum = ""
	if _, err := (Box{Version: "fd89c03-dirty", Board: "x86_64"}).Suits(m, false); err != nil {
		t.Errorf("a development build: %v", err)
	}
}

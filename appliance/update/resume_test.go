package update

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"limpid/appliance/control"
	"limpid/appliance/slots"
)

// broken gives some bytes and then fails.
type broken struct {
	io.Reader
	err error
}

func (b *broken) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = b.err
	}
	return n, err
}

func TestUploadGoesOnWhereItBrokeOff(t *testing.T) {
	d := newDisk(capacity, oldImage())
	r := newRig(t, d)
	data := pack(t, r.key, manifest(t, newImage()), newImage())
	upload := control.Upload{SHA256: sumOf(data), Size: int64(len(data))}
	size := len(data)
	for _, until := range []int{0, 100, 512, 2000, 1 << 20, 3<<20 + 17, size - 1024, size - 1} {
		from := upload.Offset
		err := r.Upload(t.Context(), upload, &broken{bytes.NewReader(data[from:until]), io.ErrUnexpectedEOF})
		if err == nil || !strings.Contains(err.Error(), "send the rest") {
			t.Fatalf("until %d: %v", until, err)
		}
		u := r.status(t)
		if u.Phase != control.UpdateInterrupted || u.Bundle.Received != int64(until) || u.Bundle.SHA256 != upload.SHA256 || u.Progress.Done != int64(until) || u.Progress.Rate != 0 {
			t.Fatalf("until %d: %+v", until, u)
		}
		upload.Offset = u.Bundle.Received
	}
	if err := r.Upload(t.Context(), upload, bytes.NewReader(data[upload.Offset:])); err != nil {
		t.Fatal(err)
	}
	if u := r.status(t); u.Phase != control.UpdateReady || u.Bundle.Received != int64(size) {
		t.Errorf("%+v", u)
	}
	// Each byte was written once.
	if d.written != [2]int{0, len(newImage())} || !bytes.HasPrefix(d.slots[slots.B], newImage()) {
		t.Errorf("%v bytes were written", d.written)
	}
}

func TestUploadThatDoesNotGoOn(t *testing.T) {
	d := newDisk(capacity, oldImage())
	r := newRig(t, d)
	data := pack(t, r.key, manifest(t, newImage()), newImage())
	half := int64(len(data) / 2)
	first := control.Upload{SHA256: sumOf(data), Size: int64(len(data))}
	if err := r.Upload(t.Context(), first, bytes.NewReader(data[:half])); err == nil {
		t.Fatal("half a bundle is enough")
	}
	for name, upload := range map[string]control.Upload{
		"elsewhere":      {SHA256: first.SHA256, Offset: half - 1, Size: first.Size},
		"another bundle": {SHA256: strings.Repeat("0", 64), Offset: half, Size: first.Size},
		"another size":   {SHA256: first.SHA256, Offset: half, Size: first.Size + 512},
		"no name":        {Offset: half, Size: first.Size},
		"no sum":         {SHA256: "x", Size: first.Size},
	} {
		if err := r.Upload(t.Context(), upload, bytes.NewReader(data[half:])); err == nil {
			t.Errorf("%s: taken", name)
		}
		if u := r.status(t); u.Phase != control.UpdateInterrupted || u.Bundle.Received != half {
			t.Fatalf("%s: %+v", name, u)
		}
	}
	// From the start it always may.
	if err := r.send(t, data); err != nil || r.status(t).Phase != control.UpdateReady {
		t.Errorf("%v, %+v", err, r.status(t))
	}
	// One without a name is lost when it breaks off.
	if err := r.Upload(t.Context(), control.Upload{Size: first.Size}, bytes.NewReader(data[:half])); err == nil || r.status(t).Phase != control.UpdateFailed {
		t.Errorf("%v, %+v", err, r.status(t))
	}
}

// While a bundle comes, nothing else may write, and all can be seen.
func TestOnlyOneAtATime(t *testing.T) {
	d := newDisk(capacity, oldImage())
	r := newRig(t, d)
	data := pack(t, r.key, manifest(t, newImage()), newImage())
	in, out := io.Pipe()
	var upload sync.WaitGroup
	var result error
	upload.Go(func() {
		result = r.Upload(t.Context(), control.Upload{SHA256: sumOf(data), Size: int64(len(data))}, in)
	})
	if _, err := out.Write(data[:2<<20]); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Write(data[2<<20 : 2<<20+1]); err != nil { // what was sent before has been taken now
		t.Fatal(err)
	}
	if err := r.send(t, data); !errors.Is(err, errBusy) {
		t.Errorf("second upload: %v", err)
	}
	if err := r.GoBack(t.Context()); !errors.Is(err, errBusy) {
		t.Errorf("back: %v", err)
	}
	if err := r.Reboot(t.Context()); !errors.Is(err, errBusy) {
		t.Errorf("reboot: %v", err)
	}
	u := r.status(t)
	if u.Phase != control.UpdateReceiving || u.Bundle.Received < 2<<20 || u.Bundle.Version != "1.1.0" || u.Progress.Percent <= 0 || u.Progress.Percent >= 100 || u.Other.BootsLeft != 0 {
		t.Errorf("%+v", u)
	}
	if _, err := out.Write(data[2<<20+1:]); err != nil {
		t.Fatal(err)
	}
	upload.Wait()
	if result != nil {
		t.Error(result)
	}
}

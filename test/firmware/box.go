package firmware

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"limpid/appliance/control"
	"limpid/test/lab"
	"limpid/test/qemu"
)

// Box is a machine in the place of a lab's box: its first network card is the clients' side of the wire, its second the
// servers'. Its limpid has a Shell.
type Box struct {
	*Machine // nil before On
	Lab      *lab.Lab
	Disk     *Disk
	Hardware Hardware // the rest of it; Disk and NICs are set here
}

// On switches the box on. The lab must have been built with Options.Machine. The caller must call Wait or Kill in the
// end; then On can be called again.
func (b *Box) On(ctx context.Context) error {
	lan, wan, err := b.Lab.Taps()
	if err != nil {
		return err
	}
	h := b.Hardware
	h.Disk, h.NICs = b.Disk.File, []NIC{{Tap: lan}, {Tap: wan}}
	if len(b.Hardware.NICs) == 2 {
		h.NICs[0].Model, h.NICs[1].Model = b.Hardware.NICs[0].Model, b.Hardware.NICs[1].Model
	}
	b.Machine, err = Start(ctx, h)
	return err
}

// WaitInline waits until the box has booted, after a mark on its console, and is inline. The mark is 0 after On, and that
// before a reboot otherwise.
func (b *Box) WaitInline(ctx context.Context, mark qemu.Mark) (control.Status, error) {
	// Before the phase that follows them the second serial line may not have been opened.
	if _, err := b.ExpectSince(ctx, mark, "phase name=bridge"); err != nil {
		return control.Status{}, err
	}
	return b.WaitStatus(ctx, "mode inline", func(s control.Status) bool { return s.Mode == control.Inline })
}

// Status asks limpid inside.
func (b *Box) Status(ctx context.Context) (control.Status, error) {
	var s control.Status
	out, err := b.Shell().Run(ctx, "limpid status --json")
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		return s, fmt.Errorf("decode status %q: %w", out, err)
	}
	return s, nil
}

// askLimit is how long one question may take: the machine's processor is emulated, and may share its own with others.
const askLimit = 30 * time.Second

// WaitStatus waits until ok likes the status; what says in the error what that would have been.
func (b *Box) WaitStatus(ctx context.Context, what string, ok func(control.Status) bool) (control.Status, error) {
	for last := errors.New("never asked"); ; {
		asking, cancel := context.WithTimeout(ctx, askLimit)
		s, err := b.Status(asking)
		cancel()
		if err == nil && ok(s) {
			return s, nil
		}
		if err == nil {
			text, _ := json.Marshal(s) // was JSON a moment ago
			last = fmt.Errorf("status was %s", text)
		} else if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return s, fmt.Errorf("wait for %s: %w: %w; the console's last lines:\n%s", what, ctx.Err(), last, qemu.Tail(b.Console()))
		case <-b.Off():
			return s, fmt.Errorf("wait for %s: the machine is off; the console's last lines:\n%s", what, qemu.Tail(b.Console()))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

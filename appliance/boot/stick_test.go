package boot

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// usbTree is a made-up /sys with USB interfaces.
type usbTree struct {
	t    *testing.T
	root string
}

// plug adds an interface of a class, as the kernel has it: the folder of its device, and a link to it.
func (u usbTree) plug(name, class string) {
	u.t.Helper()
	folder := u.path("devices/usb1", name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		u.t.Fatal(err)
	}
	if err := os.MkdirAll(u.path("bus/usb/devices"), 0o700); err != nil {
		u.t.Fatal(err)
	}
	write(u.t, filepath.Join(folder, "bInterfaceClass"), class+"\n")
	if err := os.Symlink(folder, u.path("bus/usb/devices", name)); err != nil {
		u.t.Fatal(err)
	}
}

// scan makes an interface a disk.
func (u usbTree) scan(name string) {
	u.t.Helper()
	if err := os.MkdirAll(u.path("devices/usb1", name, "host2/target2:0:0/2:0:0:0/block/sda"), 0o700); err != nil {
		u.t.Fatal(err)
	}
}

func (u usbTree) path(parts ...string) string {
	return filepath.Join(append([]string{u.root}, parts...)...)
}

// Sticks are waited for until they are disks, and nothing else is waited for.
func TestAwaitSticks(t *testing.T) {
	const stick, hub, keyboard = "1-2:1.0", "1-0:1.0", "1-3:1.1"
	for name, test := range map[string]struct {
		plugged map[string]string
		after   time.Duration // until the stick is a disk; 0 for never
		want    time.Duration
	}{
		"no USB":       {nil, 0, 0},
		"no stick":     {map[string]string{hub: "09", keyboard: "03"}, 0, 0},
		"a stick":      {map[string]string{hub: "09", stick: "08"}, 1050 * time.Millisecond, 1200 * time.Millisecond},
		"never a disk": {map[string]string{stick: "08"}, 0, stickPatience},
	} {
		t.Run(name, func(t *testing.T) {
			u := usbTree{t, t.TempDir()}
			for name, class := range test.plugged {
				u.plug(name, class)
			}
			synctest.Test(t, func(t *testing.T) {
				if test.after > 0 {
					time.AfterFunc(test.after, func() { u.scan(stick) })
				}
				begun := time.Now()
				awaitSticks(t.Context(), u.root)
				if took := time.Since(begun); took != test.want {
					t.Errorf("waited for %v, want %v", took, test.want)
				}
				if test.after > 0 {
					begun = time.Now()
					awaitSticks(t.Context(), u.root)
					if took := time.Since(begun); took != 0 {
						t.Errorf("a stick that is a disk is waited for: %v", took)
					}
				}
			})
		})
	}
}

// A phase that has to end is not kept.
func TestAwaitSticksEnds(t *testing.T) {
	u := usbTree{t, t.TempDir()}
	u.plug("1-2:1.0", massStorage)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		awaitSticks(ctx, u.root)
		if took := time.Since(begun); took != time.Second {
			t.Errorf("waited for %v, want a second", took)
		}
	})
}

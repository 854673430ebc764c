package boot

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// stickPatience is how long sticks are waited for. The kernel looks at one a second
	// after it was found (usb-storage, delay_use), and longer where it is slow.
	stickPatience = 5 * time.Second
	stickLook     = 100 * time.Millisecond
	// massStorage is the class of interfaces that are disks (USB, Defined Class Codes).
	massStorage = "08"
)

// awaitSticks waits until each USB stick that is plugged in is a disk, or stickPatience is over:
// one that has no driver, or is broken, never is. sysfs is /sys.
func awaitSticks(ctx context.Context, sysfs string) {
	if !stickToCome(sysfs) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, stickPatience)
	defer cancel()
	for coming := true; coming && ctx.Err() == nil; {
		coming = stickToCome(sysfs)
		// Once more after the last one has come: its partitions are read only then.
		select {
		case <-ctx.Done():
		case <-time.After(stickLook):
		}
	}
}

// stickToCome says whether the kernel has found a stick that is no disk yet.
func stickToCome(sysfs string) bool {
	interfaces, _ := filepath.Glob(filepath.Join(sysfs, "bus/usb/devices/*:*")) // the pattern is right
	for _, folder := range interfaces {
		class, err := os.ReadFile(filepath.Join(folder, "bInterfaceClass"))
		if err != nil || strings.TrimSpace(string(class)) != massStorage {
			continue
		}
		if disks, _ := filepath.Glob(filepath.Join(folder, "host*/target*/*:*/block/*")); len(disks) == 0 {
			return true
		}
	}
	return false
}

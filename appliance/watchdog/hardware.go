package watchdog

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Hardware is a hardware watchdog (Linux, Documentation/watchdog/watchdog-api.rst):
// once opened, the box is reset when nobody feeds it for its timeout. So it is
// for the firmware, where limpid is all there is, and never for a host that
// limpid is a guest on.
type Hardware struct {
	file    *os.File
	timeout time.Duration
}

// OpenHardware starts the countdown of the device at path. The device may
// round timeout (at least 1 s); Timeout says to what.
func OpenHardware(path string, timeout time.Duration) (*Hardware, error) {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("open hardware watchdog: %w", err)
	}
	h := &Hardware{file: file}
	seconds := max(1, int(timeout.Round(time.Second)/time.Second))
	// A device whose timeout cannot be set keeps its own.
	_ = unix.IoctlSetPointerInt(int(file.Fd()), unix.WDIOC_SETTIMEOUT, seconds)
	if got, err := unix.IoctlGetInt(int(file.Fd()), unix.WDIOC_GETTIMEOUT); err == nil {
		h.timeout = time.Duration(got) * time.Second
	}
	return h, nil
}

// Timeout is what the device says; 0 when it does not.
func (h *Hardware) Timeout() time.Duration { return h.timeout }

// Feed starts the countdown anew.
func (h *Hardware) Feed() error {
	if err := unix.IoctlWatchdogKeepalive(int(h.file.Fd())); err != nil {
		// Some drivers know only the older way.
		if _, err := h.file.Write([]byte{0}); err != nil {
			return fmt.Errorf("feed hardware watchdog: %w", err)
		}
	}
	return nil
}

// Close stops the countdown ("magic close"), unless the kernel is built with
// CONFIG_WATCHDOG_NOWAYOUT. For an orderly end only.
func (h *Hardware) Close() error {
	_, err := h.file.Write([]byte{'V'})
	if closeErr := h.file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("stop hardware watchdog: %w", err)
	}
	return nil
}

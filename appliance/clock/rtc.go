package clock

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// RTCPath is the first clock chip. It is kept in UTC.
const RTCPath = "/dev/rtc0"

// ReadRTC reads a clock chip (rtc(4)).
func ReadRTC(path string) (time.Time, error) {
	f, err := os.Open(path)
	if err != nil {
		return time.Time{}, fmt.Errorf("read clock chip: %w", err)
	}
	defer f.Close()
	r, err := unix.IoctlGetRTCTime(int(f.Fd()))
	if err != nil {
		return time.Time{}, fmt.Errorf("read clock chip: %w", err)
	}
	return time.Date(int(r.Year)+1900, time.Month(r.Mon+1), int(r.Mday), int(r.Hour), int(r.Min), int(r.Sec), 0, time.UTC), nil
}

// WriteRTC sets a clock chip.
func WriteRTC(path string, t time.Time) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("set clock chip: %w", err)
	}
	defer f.Close()
	t = t.UTC()
	err = unix.IoctlSetRTCTime(int(f.Fd()), &unix.RTCTime{
		Year: int32(t.Year() - 1900), Mon: int32(t.Month() - 1), Mday: int32(t.Day()),
		Hour: int32(t.Hour()), Min: int32(t.Minute()), Sec: int32(t.Second()),
	})
	if err != nil {
		return fmt.Errorf("set clock chip: %w", err)
	}
	return nil
}

// SetSystem sets the system's time at once.
func SetSystem(t time.Time) error {
	now := unix.NsecToTimeval(t.UnixNano())
	if err := unix.Settimeofday(&now); err != nil {
		return fmt.Errorf("set time: %w", err)
	}
	return nil
}

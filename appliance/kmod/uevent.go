package kmod

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Event is what the kernel says of a device (NETLINK_KOBJECT_UEVENT,
// lib/kobject_uevent.c).
type Event struct {
	Action string            // "add", "remove", "change", ...
	Path   string            // below /sys
	Values map[string]string // SUBSYSTEM, DEVNAME, MODALIAS and so on
}

// Events is the uevent socket, opened before Coldplug looks so that nothing is
// missed between the two.
type Events struct{ file *os.File }

// eventRoom is for a hub full of devices that come at once, in bytes.
const eventRoom = 1 << 20

// OpenEvents subscribes to the kernel's events.
func OpenEvents() (*Events, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		return nil, fmt.Errorf("open uevent socket: %w", err)
	}
	// Less room only means that a crowd of events may overrun.
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, eventRoom)
	// Group 1 is the kernel; group 2 would be udev's.
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1}); err != nil {
		return nil, errors.Join(fmt.Errorf("bind uevent socket: %w", err), unix.Close(fd))
	}
	return &Events{os.NewFile(uintptr(fd), "uevents")}, nil
}

// Close ends it.
func (e *Events) Close() error { return e.file.Close() }

// Each calls f with each event until ctx ends. lost is called when events were
// lost: then whoever counts on them must look for himself.
func (e *Events) Each(ctx context.Context, f func(Event), lost func()) error {
	stop := context.AfterFunc(ctx, func() { _ = e.file.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	// An event is at most 2 KiB of values and a path (UEVENT_BUFFER_SIZE).
	buffer := make([]byte, 16<<10)
	for {
		n, err := e.file.Read(buffer)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, unix.ENOBUFS):
			lost()
			continue
		case err != nil:
			return fmt.Errorf("read uevent: %w", err)
		}
		if event, ok := parseEvent(buffer[:n]); ok {
			f(event)
		}
	}
}

// parseEvent reads "add@/devices/...", then NAME=value, each ended by a zero.
// Only the kernel can send to its group, so the sender is not looked at.
func parseEvent(message []byte) (Event, bool) {
	parts := strings.Split(strings.TrimSuffix(string(message), "\x00"), "\x00")
	action, path, ok := strings.Cut(parts[0], "@")
	if !ok {
		return Event{}, false
	}
	event := Event{Action: action, Path: path, Values: make(map[string]string, len(parts)-1)}
	for _, p := range parts[1:] {
		if name, value, ok := strings.Cut(p, "="); ok {
			event.Values[name] = value
		}
	}
	return event, true
}

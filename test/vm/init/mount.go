package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// mount is one line of what would be fstab(5) elsewhere.
type mount struct {
	kind, target, options string
	flags                 uintptr
}

// mounts are what a Linux program expects to find, in mounting order.
func mounts() []mount {
	const quiet = unix.MS_NOSUID | unix.MS_NOEXEC | unix.MS_NODEV
	return []mount{
		{"proc", "/proc", "", quiet},
		{"sysfs", "/sys", "", quiet},
		{"devtmpfs", "/dev", "mode=0755", unix.MS_NOSUID},
		{"devpts", "/dev/pts", "mode=0620,ptmxmode=0666", unix.MS_NOSUID | unix.MS_NOEXEC},
		{"tmpfs", "/dev/shm", "mode=1777", unix.MS_NOSUID | unix.MS_NODEV},
		{"cgroup2", "/sys/fs/cgroup", "", quiet},
		{"debugfs", "/sys/kernel/debug", "", quiet},
		{"tmpfs", "/run", "mode=0755", unix.MS_NOSUID | unix.MS_NODEV},
		{"tmpfs", "/tmp", "mode=1777", unix.MS_NOSUID | unix.MS_NODEV},
		{"tmpfs", "/out", "mode=0777", unix.MS_NOSUID | unix.MS_NODEV},
	}
}

// mountAll mounts everything; it comes first, since all else reads /proc, /sys or /dev.
func mountAll() error {
	for _, m := range mounts() {
		if err := os.MkdirAll(m.target, 0o755); err != nil {
			return fmt.Errorf("mount %s: %w", m.target, err)
		}
		if err := unix.Mount(m.kind, m.target, m.kind, m.flags, m.options); err != nil {
			return fmt.Errorf("mount %s on %s: %w", m.kind, m.target, err)
		}
	}
	// Programs open these by name; devtmpfs does not make them.
	for name, target := range map[string]string{
		"/dev/fd": "/proc/self/fd", "/dev/stdin": "fd/0", "/dev/stdout": "fd/1", "/dev/stderr": "fd/2",
	} {
		if err := os.Symlink(target, name); err != nil {
			return fmt.Errorf("link %s: %w", name, err)
		}
	}
	return os.MkdirAll("/run/lock", 0o1777)
}

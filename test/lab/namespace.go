package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// netnsDir is where iproute2 keeps its named namespaces.
const netnsDir = "/run/netns"

// prepareNetnsDir makes the directory a shared mount as `ip netns add` does.
// If iproute2 had to do it later, it would mount the directory over itself
// and our namespaces would stay pinned beneath.
func prepareNetnsDir() error {
	if err := os.MkdirAll(netnsDir, 0o755); err != nil {
		return fmt.Errorf("make %s: %w", netnsDir, err)
	}
	share := func() error { return unix.Mount("", netnsDir, "none", unix.MS_SHARED|unix.MS_REC, "") }
	err := share()
	if errors.Is(err, unix.EINVAL) { // not a mount point yet
		if err := unix.Mount(netnsDir, netnsDir, "none", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			return fmt.Errorf("bind %s to itself: %w", netnsDir, err)
		}
		err = share()
	}
	if err != nil {
		return fmt.Errorf("share %s: %w", netnsDir, err)
	}
	return nil
}

// claimName takes a name under netnsDir; fs.ErrExist if it is taken.
func claimName(name string) error {
	f, err := os.OpenFile(filepath.Join(netnsDir, name), os.O_CREATE|os.O_EXCL, 0)
	if err != nil {
		return fmt.Errorf("claim namespace name: %w", err)
	}
	return f.Close()
}

// newNamespace moves the calling thread, which must be locked, into a new
// network namespace and pins it under a claimed name.
func newNamespace(name string) (netns.NsHandle, error) {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return netns.None(), fmt.Errorf("unshare network namespace: %w", err)
	}
	path := filepath.Join(netnsDir, name)
	if err := unix.Mount("/proc/thread-self/ns/net", path, "none", unix.MS_BIND, ""); err != nil {
		return netns.None(), fmt.Errorf("mount %s: %w", path, err)
	}
	handle, err := netns.GetFromPath(path)
	if err != nil {
		return netns.None(), fmt.Errorf("open %s: %w", path, err)
	}
	return handle, nil
}

// removeName unpins a namespace; it ends when its last process and socket do.
// A name that is only claimed, or gone already, is no error.
func removeName(name string) error {
	path := filepath.Join(netnsDir, name)
	if err := unix.Unmount(path, unix.MNT_DETACH); err != nil && err != unix.EINVAL && err != unix.ENOENT {
		return fmt.Errorf("unmount %s: %w", path, err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove namespace name: %w", err)
	}
	return nil
}

// nsID tells namespaces apart; comparable with /proc/PID/ns/net.
type nsID struct{ dev, ino uint64 }

// identify names the namespace behind a file of /proc or netnsDir.
func identify(path string) (nsID, error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return nsID{}, fmt.Errorf("stat %s: %w", path, err)
	}
	return nsID{st.Dev, st.Ino}, nil
}

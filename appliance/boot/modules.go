package boot

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"limpid/appliance/kmod"
)

// wireModules are those that no device asks for, where they are not built in. What
// rules, file systems and character sets need beside them, the kernel asks
// modprobe(8) for by itself.
func wireModules() []string {
	return []string{"bridge", "8021q", "af_packet", "nf_tables", "nft_meta_bridge", "nft_queue", "nfnetlink_queue", "nft_tproxy", "nft_socket", "evdev"}
}

// storageModules are wanted for disks, after all that the wire needs.
func storageModules() []string {
	return []string{"ext4", "crc32c_generic", "vfat", "nls_cp437", "nls_ascii", "nls_iso8859_1", "nls_utf8"}
}

// storageFolders hold the drivers of disks, below a kernel's module folder. They wait
// until the bridge forwards: a kernel that gets a disk's driver reads the disk's
// partition table before it answers, which a dying disk may let it wait for.
func storageFolders() []string {
	var folders []string
	for _, f := range []string{"ata", "block", "memstick", "message", "mmc", "mtd", "nvme", "scsi", "ufs", "usb/storage"} {
		folders = append(folders, "kernel/drivers/"+f)
	}
	return folders
}

// loadModules loads what the devices of the wire ask for, and all others but disks,
// and listens for those that come.
func loadModules(ctx context.Context, b *Box) error {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return fmt.Errorf("read kernel release: %w", err)
	}
	index, err := kmod.Read(filepath.Join("/lib/modules", unix.ByteSliceToString(name.Release[:])))
	loader := kmod.NewLoader(index)
	loader.Postpone(storageFolders()...)
	b.mu.Lock()
	b.loader = loader
	b.mu.Unlock()
	errs := []error{err}
	events, err := kmod.OpenEvents()
	if err == nil {
		b.spawn("devices", func() { b.followDevices(events, loader) })
	}
	errs = append(errs, err)
	if index.Empty() {
		return errors.Join(errs...)
	}
	for _, m := range wireModules() {
		errs = append(errs, loader.Load(m))
	}
	loaded, err := loader.Coldplug(ctx, "/sys")
	b.log.Info("modules", "loaded", strings.Join(loaded, " "))
	return errors.Join(append(errs, err)...)
}

// followDevices loads the drivers of what is plugged in, and tells who waits for
// interfaces, disks or buttons. It lasts as long as the box.
func (b *Box) followDevices(events *kmod.Events, loader *kmod.Loader) {
	ctx := context.Background()
	lost := func() {
		if _, err := loader.Coldplug(ctx, "/sys"); err != nil {
			b.log.Warn("devices", "error", err)
		}
	}
	err := events.Each(ctx, func(e kmod.Event) {
		if e.Action != "add" {
			return
		}
		if names, err := loader.Device(e.Values["MODALIAS"]); err != nil {
			b.log.Warn("device has no driver", "modules", strings.Join(names, " "), "error", err)
		}
		if e.Values["SUBSYSTEM"] == "input" && strings.HasPrefix(e.Values["DEVNAME"], "input/event") {
			b.followButton(filepath.Join("/dev", e.Values["DEVNAME"]))
		}
	}, lost)
	if err != nil {
		b.alarm("devices", err)
	}
}

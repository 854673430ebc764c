package boot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"limpid/appliance/control"
	"limpid/appliance/disk"
	"limpid/appliance/reap"
)

// How long the disk is waited for: a stick may take its time, and where the boot
// loader names no slot there may be none.
const (
	diskPatience   = 15 * time.Second
	noDiskPatience = 3 * time.Second
)

// Folders on /data.
const (
	configDir  = dataDir + "/config"
	memorySize = "16m" // of /data where it is in memory
)

// findDisk waits for the disk that the box was booted from, and mounts its EFI
// system partition, where the boot loader's choice of slots is.
func findDisk(ctx context.Context, b *Box) error {
	b.mu.Lock()
	loader := b.loader
	b.mu.Unlock()
	var errs []error
	if loader != nil {
		for _, m := range storageModules() {
			errs = append(errs, loader.Load(m))
		}
		loader.All()
		loaded, err := loader.Coldplug(ctx, "/sys")
		freed, forgetErr := loader.Forget("/proc")
		b.log.Info("modules", "loaded", strings.Join(loaded, " "), "freed", freed)
		errs = append(errs, err, forgetErr)
	}
	patience := diskPatience
	if _, ok := b.cmdline.slot(); !ok {
		patience = noDiskPatience
	}
	d, err := awaitDisk(ctx, b.cmdline.disk(), patience)
	if d.Name == "" {
		return errors.Join(append(errs, err)...)
	}
	errs = append(errs, err)
	b.mu.Lock()
	b.disk = d
	b.mu.Unlock()
	if err == nil { // else firmware could be written to the wrong one
		b.state.change(func(s *control.Box) { s.Disk = d.Name })
	}
	b.log.Info("disk", "name", d.Name, "size", d.Size, "read_only", d.ReadOnly)
	if err := mountESP(d); err != nil {
		return errors.Join(append(errs, err)...)
	}
	b.alarm("slots", b.countBoot())
	return errors.Join(errs...)
}

// awaitDisk waits for the disk that was booted from. Where several may be it, the
// first is given with an error.
func awaitDisk(ctx context.Context, booted disk.Booted, patience time.Duration) (disk.Disk, error) {
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		d, err := booted.Find("/sys")
		switch {
		case errors.Is(err, disk.ErrManyDisks):
			return d, fmt.Errorf("%w: until then settings may be the other's", err)
		case !errors.Is(err, disk.ErrNoDisk):
			return d, err
		case ctx.Err() != nil || time.Now().After(deadline):
			return disk.Disk{}, fmt.Errorf("%w, and restart: until then settings and logs are lost with the power", err)
		}
	}
}

func mountESP(d disk.Disk) error {
	esp, ok := d.Partition(disk.ESPName)
	if !ok {
		return nil
	}
	flags := uintptr(unix.MS_NOATIME | unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC)
	if d.ReadOnly {
		flags |= unix.MS_RDONLY
	}
	if err := os.MkdirAll(espDir, 0o700); err != nil {
		return fmt.Errorf("mount %s: %w", disk.ESPName, err)
	}
	if err := unix.Mount(esp.Device, espDir, "vfat", flags, "umask=077,errors=remount-ro"); err != nil {
		return fmt.Errorf("mount %s: %w", disk.ESPName, err)
	}
	return nil
}

// openData mounts the data partition at /data, or memory where that cannot be.
func openData(ctx context.Context, b *Box) error {
	b.mu.Lock()
	d := b.disk
	b.mu.Unlock()
	if d.Name == "" {
		return useMemory(b, control.DataMemory, "")
	}
	// Mounted aside and moved when all is well: a phase left behind that comes to its
	// end after all must not cover what has been written to memory meanwhile.
	aside := filepath.Join(RunDir, "data")
	opener := disk.Opener{Sysfs: "/sys", Run: b.runTool}
	opened, err := opener.Open(ctx, d, aside)
	for _, text := range opened.Alarms {
		b.alarm("disk "+d.Name, errors.New(text))
	}
	switch {
	case err != nil:
		return errors.Join(fmt.Errorf("%w; settings and logs are lost with the power", err), useMemory(b, control.DataMemory, ""))
	case opened.ReadOnly:
		return useMemory(b, control.DataReadOnly, aside)
	}
	if err := os.MkdirAll(dataDir, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(aside, dataDir, "", unix.MS_MOVE, ""); err != nil {
		return errors.Join(fmt.Errorf("mount %s: %w", dataDir, err), useMemory(b, control.DataMemory, ""))
	}
	b.mu.Lock()
	b.onDisk = true
	b.mu.Unlock()
	b.state.change(func(s *control.Box) { s.Data = control.DataDisk })
	b.log.Info("data partition", "device", opened.Device, "new", opened.Made)
	return os.MkdirAll(configDir, 0o700)
}

// useMemory mounts memory at /data, with the settings from a folder if there is one.
func useMemory(b *Box, place control.DataPlace, from string) error {
	if err := os.MkdirAll(dataDir, 0o755); err != nil {
		return fmt.Errorf("mount memory at %s: %w", dataDir, err)
	}
	err := unix.Mount("tmpfs", dataDir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "mode=0755,size="+memorySize)
	if err != nil {
		err = fmt.Errorf("mount memory at %s: %w", dataDir, err) // it is in memory all the same
	}
	b.state.change(func(s *control.Box) { s.Data = place })
	err = errors.Join(err, os.MkdirAll(configDir, 0o700))
	if from != "" {
		err = errors.Join(err, copySettings(filepath.Join(from, filepath.Base(configDir)), configDir), unix.Unmount(from, unix.MNT_DETACH))
	}
	return err
}

// copySettings copies the files of a folder.
func copySettings(from, to string) error {
	entries, err := os.ReadDir(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("copy settings: %w", err)
	}
	var errs []error
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		data, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, e.Name()), data, 0o600)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// runTool runs a program of e2fsprogs.
func (b *Box) runTool(ctx context.Context, program string, args ...string) (code int, words string, err error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = environment()
	// Killed, it may hang in the kernel with the disk; it is not waited for then.
	cmd.WaitDelay = time.Second
	begun := time.Now()
	out, err := b.reaper.Run(cmd)
	words = strings.Join(strings.Fields(string(out)), " ")
	b.log.Info("ran", "program", program, "took", time.Since(begun).Round(time.Millisecond), "said", words)
	if failure, ok := errors.AsType[*reap.Failure](err); ok && failure.Code() >= 0 {
		return failure.Code(), words, nil
	}
	return 0, words, err
}

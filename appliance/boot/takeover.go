package boot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"limpid/appliance/config"
	"limpid/appliance/disk"
)

// settingsName is the file that is taken over from a stick.
const settingsName = "limpid.toml"

// takenPath holds the SHA-256 of the file that was taken over last, so that a
// stick that stays in the box is taken over once.
const takenPath = configDir + "/taken"

// takeOver makes limpid.toml of a USB stick, or of the EFI system partition, the
// settings. One that is not valid changes nothing.
func (b *Box) takeOver(ctx context.Context) error {
	var errs []error
	stick := filepath.Join(RunDir, "stick")
	for _, device := range b.sticks() {
		if ctx.Err() != nil {
			break
		}
		if os.MkdirAll(stick, 0o700) != nil || unix.Mount(device, stick, "vfat", unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "") != nil {
			continue // it holds no FAT
		}
		done, err := b.take(filepath.Join(stick, settingsName), device)
		errs = append(errs, err, unix.Unmount(stick, unix.MNT_DETACH))
		if done {
			return errors.Join(errs...)
		}
	}
	_, err := b.take(filepath.Join(espDir, settingsName), disk.ESPName)
	return errors.Join(append(errs, err)...)
}

// take takes a file over, and says whether it has.
func (b *Box) take(path, from string) (bool, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("take settings over from %s: %w", from, err)
	}
	sum := sha256.Sum256(text)
	name := hex.EncodeToString(sum[:])
	if taken, err := os.ReadFile(takenPath); err == nil && strings.TrimSpace(string(taken)) == name {
		return false, nil
	}
	if _, err := config.Parse(path, text); err != nil {
		return false, fmt.Errorf("take settings over from %s: %w", from, err)
	}
	if err := replaceFile(settingsPath, text, 0o600); err != nil {
		return false, err
	}
	b.log.Info("settings taken over", "from", from)
	return true, replaceFile(takenPath, []byte(name+"\n"), 0o600)
}

// sticks gives the devices that may hold a file system other than those of limpid's disk.
func (b *Box) sticks() []string {
	b.mu.Lock()
	own := b.disk.Name
	b.mu.Unlock()
	disks, err := disk.Disks("/sys")
	if err != nil {
		return nil
	}
	var devices []string
	for _, d := range disks {
		if d.Name == own || d.Ours() {
			continue
		}
		for _, p := range d.Partitions {
			devices = append(devices, p.Device)
		}
		if len(d.Partitions) == 0 {
			devices = append(devices, d.Device)
		}
	}
	return devices
}

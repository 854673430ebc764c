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
	"limpid/appliance/durable"
)

// settingsName is the file that is taken over from a stick.
const settingsName = "limpid.toml"

// takenPath holds the SHA-256 of each file that was there when one was taken over
// last, a line each, so that a stick that stays in the box is taken over once, and
// two of them do not take turns.
const takenPath = configDir + "/taken"

// brought is a file of settings that somebody has brought.
type brought struct {
	from string // the device
	text []byte
}

func (f brought) sum() string {
	sum := sha256.Sum256(f.text)
	return hex.EncodeToString(sum[:])
}

// takeOver makes limpid.toml of a USB stick, or of the EFI system partition, the
// settings. One that is not valid changes nothing.
func (b *Box) takeOver(ctx context.Context) error {
	var files []brought
	var errs []error
	look := func(dir, from string) {
		text, err := os.ReadFile(filepath.Join(dir, settingsName))
		switch {
		case err == nil:
			files = append(files, brought{from, text})
		case !errors.Is(err, fs.ErrNotExist):
			errs = append(errs, fmt.Errorf("take settings over from %s: %w", from, err))
		}
	}
	awaitSticks(ctx, "/sys")
	stick := filepath.Join(RunDir, "stick")
	for _, device := range b.sticks() {
		if ctx.Err() != nil {
			break
		}
		if os.MkdirAll(stick, 0o700) != nil || unix.Mount(device, stick, "vfat", unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "") != nil {
			continue // it holds no FAT
		}
		look(stick, device)
		errs = append(errs, unix.Unmount(stick, unix.MNT_DETACH))
	}
	look(espDir, disk.ESPName)
	from, err := take(files, settingsPath, takenPath)
	if from != "" {
		b.log.Info("settings taken over", "from", from)
	}
	return errors.Join(append(errs, err)...)
}

// take makes the first of the files that is new and valid the settings, and says
// where it is from. A power cut between the two writes has it taken again.
func take(files []brought, settings, taken string) (from string, err error) {
	known := map[string]bool{}
	if text, err := os.ReadFile(taken); err == nil {
		for sum := range strings.FieldsSeq(string(text)) {
			known[sum] = true
		}
	}
	var errs []error
	for _, f := range files {
		if known[f.sum()] {
			continue
		}
		if _, err := config.Parse(filepath.Join(f.from, settingsName), f.text); err != nil {
			errs = append(errs, fmt.Errorf("take settings over from %s: %w", f.from, err))
			continue
		}
		if err := durable.Replace(settings, f.text, 0o600); err != nil {
			return "", errors.Join(append(errs, err)...)
		}
		var sums strings.Builder
		for _, there := range files {
			if _, err := config.Parse(settingsName, there.text); err == nil { // one with a mistake stays an alarm
				sums.WriteString(there.sum() + "\n")
			}
		}
		return f.from, errors.Join(append(errs, durable.Replace(taken, []byte(sums.String()), 0o600))...)
	}
	return "", errors.Join(errs...)
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

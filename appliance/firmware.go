package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"limpid/appliance/control"
	"limpid/appliance/disk"
	"limpid/appliance/slots"
	"limpid/appliance/update"
	"limpid/appliance/update/bundle"
)

// bootMount is where the EFI system partition is mounted on a box.
const bootMount = "/boot"

// bootEnv is the boot environment of a box.
func bootEnv() slots.File { return slots.File(filepath.Join(bootMount, slots.Path)) }

// updatesOf opens updates for the supervisor: nil where there are none.
func updatesOf(log *slog.Logger) (updates control.Updater, end func()) {
	u, err := openUpdates(version, log)
	if err != nil {
		log.Warn("no firmware can be installed", "error", err)
	}
	if u == nil {
		return nil, func() {}
	}
	return u, func() {
		if err := u.Close(); err != nil {
			log.Warn("cannot let go of the slot that was written", "error", err)
		}
	}
}

// openUpdates makes what replaces the firmware, if limpid was booted from a
// slot, else nil.
func openUpdates(version string, log *slog.Logger) (*update.Updater, error) {
	cmdline, err := os.ReadFile("/proc/cmdline")
	if err != nil {
		return nil, fmt.Errorf("find out what was booted: %w", err)
	}
	running, ok := slots.Running(string(cmdline))
	if !ok {
		return nil, nil
	}
	spare := running.Other()
	device := func() (string, error) {
		ours, err := bootedDisk(string(cmdline))
		if err != nil {
			return "", err
		}
		p, _ := ours.Partition(spare.Partition()) // it has both slots
		return p.Device, nil
	}
	return update.New(update.Options{
		Box: update.Box{Version: version, Board: board()}, Running: running, Boot: bootEnv(),
		Open: func() (update.Target, error) {
			path, err := device()
			if err != nil {
				return nil, err
			}
			return update.OpenPartition(path)
		},
		Keys:   func() (bundle.Keys, error) { return update.TrustedKeys(update.KeysPath) },
		Reboot: rebootBox,
		Log:    log,
		OtherVersion: func() string {
			path, err := device()
			if err != nil {
				return ""
			}
			release, err := releaseOf(path)
			if err != nil {
				log.Warn("cannot tell what the other slot holds", "slot", spare.String(), "error", err)
			}
			return release.Version
		},
	}), nil
}

// bootedDisk gives the disk that was booted from: the one that process 1 has found, where
// that is limpid's. From the first boot on the disk has an identity that the boot loader
// knew nothing of.
func bootedDisk(cmdline string) (disk.Disk, error) {
	switch box := control.ReadBox(defaultRunDir); {
	case box == nil:
		return disk.ParseBooted(cmdline).Find("/sys")
	case box.Disk == "":
		return disk.Disk{}, errors.New("look for the disk that was booted from: it is not there, or may be one of several: limpid status says which; mend that, and restart")
	default:
		return disk.Named("/sys", box.Disk)
	}
}

// rebootBox asks PID 1, as Ctrl-Alt-Del does (reboot(2), LINUX_REBOOT_CMD_CAD_OFF).
func rebootBox(context.Context) error {
	if err := syscall.Kill(1, syscall.SIGINT); err != nil {
		return fmt.Errorf("reboot: %w", err)
	}
	return nil
}

// releaseOf says what a slot's partition, or an image of one, holds.
func releaseOf(path string) (slots.Release, error) {
	file, err := os.Open(path)
	if err != nil {
		return slots.Release{}, err
	}
	defer file.Close()
	return slots.ReadRelease(file)
}

// board is the kind of box this is: as its firmware says, else by its processor.
func board() string {
	if text, err := os.ReadFile("/etc/os-release"); err == nil {
		if release := slots.ParseRelease(string(text)); release.Board != "" {
			return release.Board
		}
	}
	switch runtime.GOARCH {
	case "amd64":
		return "x86_64"
	case "arm64":
		return "aarch64"
	}
	return runtime.GOARCH
}

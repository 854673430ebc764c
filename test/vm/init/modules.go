package main

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"limpid/test/vm/channel"
)

// loadModules loads the files in the order given. One that is loaded already (the kernel asked for it meanwhile) is
// passed over.
func loadModules(paths []string) error {
	for _, path := range paths {
		if err := loadModule(path); err != nil && !errors.Is(err, unix.EEXIST) {
			return fmt.Errorf("load module %s: %w", path, err)
		}
	}
	return nil
}

// loadModule loads one file. It must be plain: decompressing here would need the kernel's help.
func loadModule(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.FinitModule(int(f.Fd()), "", 0)
}

// offerModprobe lets the kernel load modules by itself from now on, and programs find modprobe in PATH.
func offerModprobe() error {
	if err := os.WriteFile("/proc/sys/kernel/modprobe", []byte(channel.ModprobePath), 0o644); err != nil {
		return fmt.Errorf("tell the kernel of modprobe: %w", err)
	}
	if err := os.Symlink(channel.ModprobePath, "/sbin/modprobe"); err != nil {
		return fmt.Errorf("link modprobe: %w", err)
	}
	return nil
}

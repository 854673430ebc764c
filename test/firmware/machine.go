package firmware

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"limpid/test/qemu"
)

// Machine is a machine that was switched on. Its methods may be called by several goroutines.
type Machine struct {
	*qemu.Process
	shell *Shell
}

// Start switches a machine on. It is switched off, as if the plug was pulled, when ctx ends; the caller must call Wait or
// Kill in the end.
func Start(ctx context.Context, h Hardware) (*Machine, error) {
	var files []*os.File
	for _, nic := range h.NICs {
		files = append(files, nic.Tap)
		defer nic.Tap.Close() // QEMU has its own
	}
	dir, err := newFolder()
	if err != nil {
		return nil, err
	}
	args, err := h.arguments(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	process, err := qemu.Start(ctx, qemu.Options{
		Dir: dir, Args: args, Files: files, Screen: h.Screen, Ended: func() { os.RemoveAll(dir) },
	})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &Machine{process, shellOf(dir)}, nil
}

// newFolder makes a machine's own folder, with a copy of the firmware's variables.
func newFolder() (string, error) {
	b, err := os.ReadFile(firmwareVars)
	if err != nil {
		return "", fmt.Errorf("read UEFI firmware: %w; install ovmf", err)
	}
	dir, err := os.MkdirTemp("", "limpid-firmware-*")
	if err != nil {
		return "", fmt.Errorf("copy firmware variables: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, varsName), b, 0o600); err != nil {
		return "", errors.Join(fmt.Errorf("copy firmware variables: %w", err), os.RemoveAll(dir))
	}
	return dir, nil
}

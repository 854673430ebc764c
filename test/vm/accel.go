package vm

import (
	"context"
	"fmt"
)

// accelerator gives QEMU's -accel option. Only TCG is ever asked for: KVM may be present and yet hang.
//
// Before version 8.1, emulating each processor on a thread of its own could run stale code where the kernel had just
// patched itself: one boot in twenty ended in "Oops: int3" (QEMU commit deba78709a mends it, Debian 12 lacks it). Such
// a version gets one thread for all processors, which for two of them costs little.
func accelerator(major, minor int) string {
	if major > 8 || major == 8 && minor >= 1 {
		return "tcg,thread=multi"
	}
	return "tcg,thread=single"
}

// Accelerator gives the -accel option for the QEMU program at path, for whoever starts a machine of another kind.
func Accelerator(ctx context.Context, path string) (string, error) {
	major, minor, err := qemuVersion(ctx, path)
	if err != nil {
		return "", err
	}
	return accelerator(major, minor), nil
}

// qemuVersion asks a QEMU program for its version.
func qemuVersion(ctx context.Context, path string) (major, minor int, err error) {
	out, err := command(ctx, "", path, "--version")
	if err != nil {
		return 0, 0, fmt.Errorf("ask QEMU for its version: %w", err)
	}
	return parseQEMUVersion(out)
}

// parseQEMUVersion reads "QEMU emulator version 7.2.22 (Debian ...)".
func parseQEMUVersion(out string) (major, minor int, err error) {
	if _, err := fmt.Sscanf(out, "QEMU emulator version %d.%d", &major, &minor); err != nil {
		return 0, 0, fmt.Errorf("read QEMU's version from %q: %w", out, err)
	}
	return major, minor, nil
}

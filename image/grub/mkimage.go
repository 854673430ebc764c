package grub

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"limpid/image/cpio"
)

// config is what GRUB runs.
//
//go:embed grub.cfg
var config []byte

// modules are the parts of GRUB that grub.cfg needs; there is no other way for GRUB to get at any.
func modules() []string {
	return []string{
		// The configuration in GRUB's own memory, and its language.
		"memdisk", "newc", "normal", "test", "true", "echo", "regexp", "loadenv", "sleep", "reboot",
		// The disk: partition table, EFI system partition; slots are read by newc.
		"part_gpt", "fat", "search_fs_file", "search", "probe",
		// Checksums of a slot's files.
		"hashsum", "gcry_sha256",
		// Linux, and the screen it finds.
		"linux", "boot", "efi_gop", "serial", "terminal",
	}
}

// ModuleDir is where Debian keeps GRUB's modules for UEFI on x86-64.
const ModuleDir = "/usr/lib/grub/x86_64-efi"

// Make gives BOOTX64.EFI: GRUB with its modules and grub.cfg in one file. It needs grub-mkimage and the modules below
// dir; the same GRUB gives the same bytes.
func Make(ctx context.Context, dir string, when time.Time) ([]byte, error) {
	if _, err := os.Stat(filepath.Join(dir, "kernel.img")); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("find GRUB: no kernel.img in %s; install grub-efi-amd64-bin", dir)
	}
	program, err := exec.LookPath("grub-mkimage")
	if err != nil {
		return nil, fmt.Errorf("find grub-mkimage: %w; install grub-common", err)
	}
	work, err := os.MkdirTemp("", "limpid-grub-*")
	if err != nil {
		return nil, fmt.Errorf("make work folder for GRUB: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }() // in vain at worst
	disk, err := memdisk(when)
	if err != nil {
		return nil, err
	}
	memory, out := filepath.Join(work, "memdisk"), filepath.Join(work, "out.efi")
	if err := os.WriteFile(memory, disk, 0o600); err != nil {
		return nil, fmt.Errorf("write GRUB's memory disk: %w", err)
	}
	args := []string{"--format=x86_64-efi", "--directory=" + dir, "--memdisk=" + memory, "--output=" + out}
	cmd := exec.CommandContext(ctx, program, append(args, modules()...)...)
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("run grub-mkimage: %w: %s", err, strings.TrimSpace(string(said)))
	}
	return os.ReadFile(out)
}

// memdisk gives GRUB's disk in memory, at the place where GRUB looks for a configuration when it has such a disk.
func memdisk(when time.Time) ([]byte, error) {
	tree := cpio.NewTree()
	if err := tree.File("/boot/grub/grub.cfg", config, 0o644); err != nil {
		return nil, err
	}
	return tree.Pack(when)
}

package vm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"limpid/test/vm/channel"
)

// Fixed places in the guest.
const (
	guestBinary  = "/vm/program"
	guestModules = "/lib/modules"
)

// packInitramfs writes the guest's file system to path. It is not compressed: unpacking costs an emulated processor
// more time than reading the larger file does.
func packInitramfs(ctx context.Context, path string, spec Spec) error {
	t, err := planInitramfs(ctx, filepath.Dir(path), spec)
	if err != nil {
		return err
	}
	// Written to a disk file rather than piped: QEMU maps it and asks for its size first.
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("pack initramfs: %w", err)
	}
	return errors.Join(t.writeTo(f), f.Close())
}

// planInitramfs decides what the guest finds; only the guest's process 1 is built now, in the folder work.
func planInitramfs(ctx context.Context, work string, spec Spec) (*tree, error) {
	libs, err := loadLibraries(ctx)
	if err != nil {
		return nil, err
	}
	t := newTree(libs)
	if err := t.skeleton(); err != nil {
		return nil, err
	}
	init := filepath.Join(work, "init")
	if err := buildInit(ctx, init); err != nil {
		return nil, err
	}
	if err := t.copyFrom("/init", init); err != nil {
		return nil, err
	}
	// Programs come before the shell, which fills in only the names that are left.
	for _, name := range spec.Programs {
		if err := t.program(name); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(t.shell(), t.modprobe()); err != nil {
		return nil, err
	}
	job := channel.Job{Path: guestBinary, Args: spec.Args, Env: spec.environment(), Dir: spec.Dir}
	if job.Modules, err = t.modules(spec); err != nil {
		return nil, err
	}
	// The caller's own files come late, so that they win over what a program brought along.
	for _, guest := range slices.Sorted(maps.Keys(spec.Files)) {
		if err := t.copyFrom(guest, spec.Files[guest]); err != nil {
			return nil, err
		}
	}
	if _, err := t.dir(spec.Dir, 0o755); err != nil {
		return nil, err
	}
	if err := t.copyFrom(guestBinary, spec.Binary); err != nil {
		return nil, err
	}
	data, err := json.Marshal(job)
	if err != nil {
		return nil, fmt.Errorf("pack job: %w", err)
	}
	return t, t.file(channel.JobPath, data, 0o644)
}

// skeleton adds what every Linux program takes for granted. Where the host has /bin and its like as links, the guest
// has them too; accounts are the host's, since servers and tcpdump change to theirs.
func (t *tree) skeleton() error {
	for _, name := range []string{"/bin", "/sbin", "/lib", "/lib64"} {
		if target, err := os.Readlink(name); err == nil {
			if err := t.symlink(name, target); err != nil {
				return err
			}
		}
	}
	// A host without merged /usr has real folders there: make sure of them.
	for _, dir := range []string{"/bin", "/sbin", "/lib", "/dev", "/proc", "/sys", "/run", "/out", "/root", "/etc", "/var/log", "/var/lib", "/var/tmp", "/vm"} {
		if _, err := t.dir(dir, 0o755); err != nil {
			return err
		}
	}
	if _, err := t.dir("/tmp", 0o1777); err != nil {
		return err
	}
	if err := t.symlink("/var/run", "/run"); err != nil {
		return err
	}
	// The kernel opens the console for process 1 before anything is mounted.
	if err := t.device("/dev/console", 0o600, 5, 1); err != nil {
		return err
	}
	for path, text := range map[string]string{
		"/etc/hostname":      "limpid-vm\n",
		"/etc/hosts":         "127.0.0.1 localhost limpid-vm\n::1 localhost\n",
		"/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nprotocols: files\nservices: files\n",
		"/etc/resolv.conf":   "",
		"/etc/shells":        "/bin/sh\n",
	} {
		if err := t.file(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	for _, path := range []string{"/etc/passwd", "/etc/group", "/etc/protocols", "/etc/services"} {
		if !exists(path) {
			continue
		}
		if err := t.mirror(path); err != nil {
			return err
		}
	}
	return nil
}

// modules adds the kernel's modules and gives the guest paths of those to load at once, in order.
func (t *tree) modules(spec Spec) ([]string, error) {
	dir := spec.Kernel.Modules
	if dir == "" {
		if len(spec.Modules) > 0 {
			return nil, fmt.Errorf("pack modules %v: the kernel %s comes without a module folder", spec.Modules, spec.Kernel.Image)
		}
		return nil, nil
	}
	index, err := readModuleIndex(dir)
	if err != nil {
		return nil, err
	}
	load, err := index.loadOrder(slices.Concat(bootModules(), spec.Modules))
	if err != nil {
		return nil, err
	}
	guest := filepath.Join(guestModules, filepath.Base(dir))
	// Those to load at once may lie outside the carried folders, when a caller asked for more.
	for _, path := range slices.Concat(index.below(carriedModules()), load) {
		if err := t.copyFrom(filepath.Join(guest, path), filepath.Join(dir, path)); err != nil {
			return nil, err
		}
	}
	// modprobe reads the binary forms of the index, and falls back to the plain ones.
	lists, err := filepath.Glob(filepath.Join(dir, "modules.*"))
	if err != nil {
		return nil, fmt.Errorf("pack module index: %w", err)
	}
	for _, path := range lists {
		if err := t.copyFrom(filepath.Join(guest, filepath.Base(path)), path); err != nil {
			return nil, err
		}
	}
	for i, path := range load {
		load[i] = filepath.Join(guest, path)
	}
	return load, nil
}

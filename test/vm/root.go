package vm

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Root is the file system of a machine whose process 1 is the program under test, not this package's: an initramfs
// that stays. It has what the firmware's has: a busybox for shell and modprobe, some programs, some modules.
type Root struct {
	Kernel   Kernel            // zero: Debian's, see DebianKernel
	Init     string            // host path of a static program
	Modules  []string          // of the kernel, by name; what they need comes with them
	Programs []string          // host programs to carry, with their libraries
	Files    map[string]string // guest path -> host path of more files and folders
}

// TestKernel gives the kernel that tests boot: Debian's, in the repository's cache.
func TestKernel(ctx context.Context) (Kernel, error) {
	root, err := moduleRoot()
	if err != nil {
		return Kernel{}, err
	}
	return DebianKernel(ctx, filepath.Join(root, ".cache", "vm"))
}

// Write writes the archive to path.
func (r Root) Write(ctx context.Context, path string) error {
	libs, err := loadLibraries(ctx)
	if err != nil {
		return err
	}
	t := newTree(libs)
	if err := t.skeleton(); err != nil {
		return err
	}
	busybox, err := findProgram("busybox")
	if err != nil {
		return err
	}
	if err := errors.Join(t.copyFrom("/init", r.Init), t.device("/dev/null", 0o666, 1, 3), t.mirror(busybox),
		t.symlink("/bin/sh", busybox), t.symlink("/sbin/modprobe", busybox)); err != nil {
		return err
	}
	for _, name := range r.Programs {
		if err := t.program(name); err != nil {
			return err
		}
	}
	if err := t.namedModules(r.Kernel, r.Modules); err != nil {
		return err
	}
	for _, guest := range slices.Sorted(maps.Keys(r.Files)) {
		if err := t.copyFrom(guest, r.Files[guest]); err != nil {
			return err
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("pack root file system: %w", err)
	}
	return errors.Join(t.writeTo(f), f.Close())
}

// namedModules adds modules by name and an index of them alone: process 1 must not be told of what is not there. A kernel
// without modules has all of them built in.
func (t *tree) namedModules(k Kernel, names []string) error {
	if k.Modules == "" {
		return nil
	}
	index, err := readModuleIndex(k.Modules)
	if err != nil {
		return err
	}
	paths, err := index.loadOrder(names)
	if err != nil {
		return err
	}
	guest := filepath.Join(guestModules, filepath.Base(k.Modules))
	carried := map[string]bool{}
	var dep strings.Builder
	for _, path := range paths {
		carried[moduleName(path)] = true
		fmt.Fprintf(&dep, "%s: %s\n", path, strings.Join(index.needs[path], " "))
		if err := t.copyFrom(filepath.Join(guest, path), filepath.Join(k.Modules, path)); err != nil {
			return err
		}
	}
	if err := t.file(filepath.Join(guest, "modules.dep"), []byte(dep.String()), 0o644); err != nil {
		return err
	}
	for _, list := range []struct {
		name   string
		module int // which word of a line names the module
	}{{"modules.alias", 2}, {"modules.softdep", 1}} {
		text, err := os.ReadFile(filepath.Join(k.Modules, list.name))
		if err != nil {
			return fmt.Errorf("pack module index: %w", err)
		}
		var kept strings.Builder
		for line := range strings.Lines(string(text)) {
			if words := strings.Fields(line); len(words) > list.module && carried[moduleName(words[list.module])] {
				kept.WriteString(line)
			}
		}
		if err := t.file(filepath.Join(guest, list.name), []byte(kept.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

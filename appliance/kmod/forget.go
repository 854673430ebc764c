package kmod

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Forget removes the files of modules that the kernel has taken, where they lie in
// memory (an initramfs) and would keep it for nothing: no module is ever unloaded. procfs
// is /proc. It gives how many bytes became free; elsewhere than in memory none.
func (l *Loader) Forget(procfs string) (freed int64, err error) {
	if l.index.Empty() { // a kernel without modules, which has no folder for them either
		return 0, nil
	}
	memory, err := inMemory(l.index.dir)
	if err != nil || !memory {
		return 0, err
	}
	return l.index.forget(filepath.Join(procfs, "modules"))
}

// inMemory says whether a folder's file system is memory.
func inMemory(dir string) (bool, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return false, fmt.Errorf("look where %s lies: %w", dir, err)
	}
	return s.Type == unix.RAMFS_MAGIC || s.Type == unix.TMPFS_MAGIC, nil
}

// forget removes the files of the modules in a list like /proc/modules (proc(5)): a line
// each, its first word the name.
func (x *Index) forget(list string) (freed int64, err error) {
	text, err := os.ReadFile(list)
	if err != nil {
		return 0, fmt.Errorf("list loaded modules: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		name, _, _ := strings.Cut(line, " ")
		path, ok := x.paths[normal(name)]
		if !ok {
			continue
		}
		path = filepath.Join(x.dir, path)
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // forgotten before
		}
		if err != nil {
			return freed, fmt.Errorf("forget module %s: %w", name, err)
		}
		if err := os.Remove(path); err != nil {
			return freed, fmt.Errorf("forget module %s: %w", name, err)
		}
		freed += info.Size()
	}
	return freed, nil
}

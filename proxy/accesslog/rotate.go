package accesslog

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// old is a file that is written no longer.
type old struct {
	name   string
	base   string
	number int // 0 for the last one of the other format
	size   int64
}

// rotate begins a new file: base becomes base.1, that one base.2, and so on.
func (f *file) rotate() error {
	if f.sync != SyncNever {
		if err := f.idle(); err != nil {
			return err
		}
	}
	_ = f.file.Close()
	f.file = nil
	files, err := f.olds()
	if err != nil {
		return err
	}
	// The oldest first, each to a name that is free then.
	for _, o := range files {
		if o.base != f.base {
			continue
		}
		if err := f.rename(o.name, f.base+"."+strconv.Itoa(o.number+1)); err != nil {
			return err
		}
	}
	if err := f.rename(f.base, f.base+".1"); err != nil {
		return err
	}
	_ = f.root.Close()
	return f.open()
}

func (f *file) rename(from, to string) error {
	if err := f.root.Rename(from, to); err != nil {
		return fmt.Errorf("rotate %s: %w", f.path(), err)
	}
	return nil
}

// prune removes the oldest files until the others leave room for a full one.
func (f *file) prune() error {
	files, err := f.olds()
	if err != nil {
		return err
	}
	total := int64(0)
	for _, o := range files {
		total += o.size
	}
	for _, o := range files {
		if total <= f.keep-f.segment {
			return nil
		}
		if err := f.root.Remove(o.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove old log file: %w", err)
		}
		total -= o.size
	}
	return nil
}

// olds lists the files of both formats but the one that is written, the oldest
// first: those of the other format are older than all of this.
func (f *file) olds() ([]old, error) {
	dir, err := f.root.Open(".")
	if err != nil {
		return nil, fmt.Errorf("list log files: %w", err)
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	if err != nil {
		return nil, fmt.Errorf("list log files: %w", err)
	}
	var files []old
	for _, entry := range entries {
		o, ok := readName(entry.Name())
		if !ok || o.name == f.base || !entry.Type().IsRegular() {
			continue
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list log files: %w", err)
		}
		o.size = info.Size()
		files = append(files, o)
	}
	slices.SortFunc(files, func(a, b old) int {
		if a.base != b.base {
			if a.base == f.base {
				return 1
			}
			return -1
		}
		return b.number - a.number
	})
	return files, nil
}

// readName takes the name of a log file apart.
func readName(name string) (old, bool) {
	for _, base := range [...]string{jsonFile, squidFile} {
		rest, ok := strings.CutPrefix(name, base)
		if !ok {
			continue
		}
		if rest == "" {
			return old{name: name, base: base}, true
		}
		number, err := strconv.Atoi(strings.TrimPrefix(rest, "."))
		if err != nil || number < 1 || rest != "."+strconv.Itoa(number) {
			return old{}, false
		}
		return old{name: name, base: base, number: number}, true
	}
	return old{}, false
}

package kmod

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// compressedFile is MODULE_INIT_COMPRESSED_FILE (include/uapi/linux/module.h, Linux 5.17).
const compressedFile = 4

// Loader loads modules, each once.
type Loader struct {
	index *Index
	load  func(path string) error

	mu    sync.Mutex
	done  map[string]error // by module; nil: loaded
	seen  map[string]bool  // modaliases
	later []string         // folders of modules that no device gets yet
}

// NewLoader makes a Loader of a kernel's modules.
func NewLoader(x *Index) *Loader {
	return &Loader{index: x, load: insert, done: map[string]error{}, seen: map[string]bool{}}
}

// Postpone has devices not get modules of these folders, such as
// "kernel/drivers/nvme", until All is called: a disk that hangs also hangs who loads
// its driver.
func (l *Loader) Postpone(folders ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.later = folders
}

// All ends what Postpone has begun. What was postponed comes with the next Coldplug.
func (l *Loader) All() { l.Postpone() }

// postponed is called with the lock held.
func (l *Loader) postponed(name string) bool {
	return slices.ContainsFunc(l.later, func(folder string) bool { return strings.HasPrefix(l.index.paths[name], folder+"/") })
}

// insert gives a module's file to the kernel. One that is there, or whose device
// is not, is no error.
func insert(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	flags := 0
	if !strings.HasSuffix(path, ".ko") {
		flags = compressedFile
	}
	err = unix.FinitModule(int(f.Fd()), "", flags)
	if errors.Is(err, unix.EEXIST) || errors.Is(err, unix.ENODEV) {
		return nil
	}
	return err
}

// Load loads a module with what it needs. A module that the index does not have
// is taken to be built in.
func (l *Loader) Load(name string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.index.Order(name) {
		err, tried := l.done[m]
		if !tried {
			err = l.load(filepath.Join(l.index.dir, l.index.paths[m]))
			l.done[m] = err
		}
		// What is only better loaded before need not be there.
		if err != nil && !slices.Contains(l.index.soft[normal(name)], m) {
			return fmt.Errorf("load module %s: %w", m, err)
		}
	}
	return nil
}

// Device loads what a modalias asks for, unless it was asked for before. It
// gives the modules.
func (l *Loader) Device(modalias string) ([]string, error) {
	l.mu.Lock()
	if l.seen[modalias] || modalias == "" {
		l.mu.Unlock()
		return nil, nil
	}
	all := l.index.Wanted(modalias)
	wanted := slices.DeleteFunc(slices.Clone(all), l.postponed)
	l.seen[modalias] = len(wanted) == len(all)
	// Those of one that is partly postponed are loaded and said to be once.
	wanted = slices.DeleteFunc(wanted, func(name string) bool { _, tried := l.done[name]; return tried })
	l.mu.Unlock()
	var errs []error
	for _, name := range wanted {
		errs = append(errs, l.Load(name))
	}
	return wanted, errors.Join(errs...)
}

// Coldplug loads what the devices below sysfs (/sys) need. A module may bring up
// a bus with devices of its own, so it looks again until there is nothing new.
// Devices come in the order of their paths, which for PCI is that of their addresses.
func (l *Loader) Coldplug(ctx context.Context, sysfs string) ([]string, error) {
	var loaded []string
	var errs []error
	for more := true; more && ctx.Err() == nil; {
		more = false
		for _, modalias := range aliases(sysfs) {
			if ctx.Err() != nil {
				break
			}
			names, err := l.Device(modalias)
			more = more || len(names) > 0
			for _, name := range names {
				if !slices.Contains(loaded, name) {
					loaded = append(loaded, name)
				}
			}
			errs = append(errs, err)
		}
	}
	return loaded, errors.Join(append(errs, ctx.Err())...)
}

// aliases reads the modalias of each device. What vanishes meanwhile is passed over.
func aliases(sysfs string) []string {
	var found []string
	_ = filepath.WalkDir(filepath.Join(sysfs, "devices"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "modalias" {
			return nil //nolint:nilerr // a device that went away is not there
		}
		if text, err := os.ReadFile(path); err == nil {
			found = append(found, strings.TrimSpace(string(text)))
		}
		return nil
	})
	return found
}

package cpio

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// Types of entries in their mode, as in stat(2).
const (
	typeDir     = 0o040000
	typeFile    = 0o100000
	typeSymlink = 0o120000
	typeDevice  = 0o020000 // character device
)

// entry is one file of any kind.
type entry struct {
	mode         uint32
	data         []byte // of a file; a symlink's target
	major, minor uint32 // of a device
}

// Tree is a file system to be packed. Its paths are absolute and clean ("/usr/bin/limpid"); folders above an entry are
// made as they are needed, with mode 0755.
type Tree struct {
	entries map[string]entry
}

// NewTree gives an empty tree.
func NewTree() *Tree {
	return &Tree{entries: map[string]entry{}}
}

// Dir adds a folder. One that is there already takes the new permissions.
func (t *Tree) Dir(name string, perm uint32) error {
	if old, ok := t.entries[name]; ok && old.mode&^0o7777 == typeDir {
		t.entries[name] = entry{mode: typeDir | perm}
		return nil
	}
	return t.add(name, entry{mode: typeDir | perm})
}

// File adds a file.
func (t *Tree) File(name string, data []byte, perm uint32) error {
	return t.add(name, entry{mode: typeFile | perm, data: data})
}

// Symlink adds a symbolic link at name.
func (t *Tree) Symlink(name, target string) error {
	return t.add(name, entry{mode: typeSymlink | 0o777, data: []byte(target)})
}

// Device adds a character device.
func (t *Tree) Device(name string, perm, major, minor uint32) error {
	return t.add(name, entry{mode: typeDevice | perm, major: major, minor: minor})
}

// Has says whether there is an entry at name.
func (t *Tree) Has(name string) bool {
	_, ok := t.entries[name]
	return ok
}

// Names lists all entries, sorted.
func (t *Tree) Names() []string {
	return slices.Sorted(maps.Keys(t.entries))
}

// add refuses what would hide another entry, or lie below something that is no folder.
func (t *Tree) add(name string, e entry) error {
	if !path.IsAbs(name) || path.Clean(name) != name || name == "/" {
		return fmt.Errorf("add %q to the archive: want an absolute, clean path", name)
	}
	if t.Has(name) {
		return fmt.Errorf("add %s to the archive: it is there already", name)
	}
	for dir := path.Dir(name); dir != "/"; dir = path.Dir(dir) {
		above, ok := t.entries[dir]
		if ok && above.mode&^0o7777 != typeDir {
			return fmt.Errorf("add %s to the archive: %s is no folder", name, dir)
		}
		if !ok {
			t.entries[dir] = entry{mode: typeDir | 0o755}
		}
	}
	t.entries[name] = e
	return nil
}

// archived gives a path as it is written: without the leading slash.
func archived(name string) string {
	return strings.TrimPrefix(name, "/")
}

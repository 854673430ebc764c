package kmod

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Index is what is known of a kernel's modules. The zero value knows none, as
// is right for a kernel that has none.
type Index struct {
	dir   string
	paths map[string]string   // module -> file, relative to dir
	needs map[string][]string // module -> modules it needs, nearest first
	soft  map[string][]string // module -> modules that are better loaded before it
	alias map[string][]alias  // by busOf their patterns
}

// alias says that what matches a pattern wants a module.
type alias struct{ pattern, module string }

// Read reads the index in dir, such as /lib/modules/6.12.1. A kernel without
// modules has no such folder: that gives an empty Index and no error.
func Read(dir string) (*Index, error) {
	x := &Index{dir: dir, paths: map[string]string{}, needs: map[string][]string{}, soft: map[string][]string{}, alias: map[string][]alias{}}
	for _, file := range []struct {
		name string
		line func(string)
	}{
		{"modules.dep", x.dependency}, {"modules.softdep", x.softDependency}, {"modules.alias", x.alternative},
	} {
		text, err := os.ReadFile(filepath.Join(dir, file.name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return x, fmt.Errorf("read module index: %w", err)
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				file.line(line)
			}
		}
	}
	return x, nil
}

// Empty says that the kernel has no modules.
func (x *Index) Empty() bool { return len(x.paths) == 0 }

// dependency reads "kernel/a.ko: kernel/b.ko kernel/c.ko".
func (x *Index) dependency(line string) {
	path, needs, ok := strings.Cut(line, ":")
	if !ok {
		return
	}
	name := nameOf(path)
	x.paths[name] = path
	for need := range strings.FieldsSeq(needs) {
		x.needs[name] = append(x.needs[name], nameOf(need))
	}
}

// softDependency reads "softdep a pre: b c post: d". What should come after is
// left out: nothing on a box has to wait for it.
func (x *Index) softDependency(line string) {
	fields := strings.Fields(line)
	if len(fields) < 3 || fields[0] != "softdep" {
		return
	}
	before := false
	for _, f := range fields[2:] {
		switch {
		case strings.HasSuffix(f, ":"):
			before = f == "pre:"
		case before:
			name := normal(fields[1])
			x.soft[name] = append(x.soft[name], normal(f))
		}
	}
}

// alternative reads "alias pci:v00008086d* e1000e".
func (x *Index) alternative(line string) {
	fields := strings.Fields(line)
	if len(fields) != 3 || fields[0] != "alias" {
		return
	}
	bus := busOf(fields[1])
	x.alias[bus] = append(x.alias[bus], alias{fields[1], normal(fields[2])})
}

// busOf is what an alias and its pattern have in common for certain: what comes
// before the first colon, if that is no pattern itself ("acpi*:PNP0C0C:*"), else "".
func busOf(alias string) string {
	bus, _, ok := strings.Cut(alias, ":")
	if !ok || strings.ContainsAny(bus, "*?[") {
		return ""
	}
	return bus
}

// nameOf gives the name of the module in a file.
func nameOf(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".ko")
	return normal(name)
}

// normal is a name as the kernel writes it.
func normal(name string) string { return strings.ReplaceAll(name, "-", "_") }

// Wanted gives the modules that a device's modalias asks for, in the order of
// the index.
func (x *Index) Wanted(modalias string) []string {
	var found []string
	for _, bus := range slices.Compact([]string{busOf(modalias), ""}) {
		for _, a := range x.alias[bus] {
			if !slices.Contains(found, a.module) && match(a.pattern, modalias) {
				found = append(found, a.module)
			}
		}
	}
	return found
}

// Order gives the modules to load for name, itself the last. It is empty for a
// name that the index does not have: it may be built in.
func (x *Index) Order(name string) []string {
	var order []string
	x.add(&order, normal(name), nil)
	return order
}

func (x *Index) add(order *[]string, name string, above []string) {
	if _, ok := x.paths[name]; !ok || slices.Contains(*order, name) || slices.Contains(above, name) {
		return
	}
	above = append(above, name)
	for _, s := range x.soft[name] {
		x.add(order, s, above)
	}
	// modules.dep lists all that is needed, and what is needed first last.
	for _, n := range slices.Backward(x.needs[name]) {
		x.add(order, n, above)
	}
	if !slices.Contains(*order, name) {
		*order = append(*order, name)
	}
}

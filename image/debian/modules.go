package debian

import (
	"context"
	_ "embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// wanted is the list of modules.
//
//go:embed modules.txt
var wanted string

// Wanted lists the modules of the development profile.
func Wanted() []string {
	var names []string
	for line := range strings.Lines(wanted) {
		if name, _, _ := strings.Cut(line, "#"); strings.TrimSpace(name) != "" {
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names
}

// Module is one module, ready for finit_module(2) without flags: not compressed, its signature still behind it.
type Module struct {
	Name string
	Path string // in the module folder: "kernel/fs/ext4/ext4.ko"
	Data []byte
	info modinfo
}

// Modules gives the modules of these names and all that they need, sorted by path, as far as the kernel has not built
// them in.
func (k Kernel) Modules(ctx context.Context, names []string) ([]Module, error) {
	files, err := k.moduleFiles()
	if err != nil {
		return nil, err
	}
	builtin, err := k.builtin()
	if err != nil {
		return nil, err
	}
	taken := map[string]Module{}
	queue := slices.Clone(names)
	for len(queue) > 0 {
		name := moduleName(queue[0])
		queue = queue[1:]
		if _, ok := taken[name]; ok || builtin[name] {
			continue
		}
		file, ok := files[name]
		if !ok {
			return nil, fmt.Errorf("find module %s: kernel %s has no such module and has it not built in", name, k.Release)
		}
		m, err := k.readModule(ctx, file)
		if err != nil {
			return nil, err
		}
		taken[name] = m
		queue = append(queue, m.info.depends...)
		for _, soft := range m.info.before {
			// What is only wished for may be missing, or be an alias, which many modules can have.
			if _, ok := files[moduleName(soft)]; ok {
				queue = append(queue, soft)
			}
		}
	}
	modules := make([]Module, 0, len(taken))
	for _, m := range taken {
		modules = append(modules, m)
	}
	slices.SortFunc(modules, func(a, b Module) int { return strings.Compare(a.Path, b.Path) })
	return modules, nil
}

// moduleFiles gives the files of all modules by name, relative to the module folder.
func (k Kernel) moduleFiles() (map[string]string, error) {
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(k.modules), "kernel", func(file string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(file, ".ko") || strings.HasSuffix(file, ".ko.xz") {
			files[moduleName(file)] = file
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list modules: %w", err)
	}
	return files, nil
}

// builtin gives the names of what would be modules, were it not part of the kernel.
func (k Kernel) builtin() (map[string]bool, error) {
	text, err := os.ReadFile(filepath.Join(k.modules, "modules.builtin"))
	if err != nil {
		return nil, fmt.Errorf("list modules that are built in: %w", err)
	}
	names := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		names[moduleName(strings.TrimSpace(line))] = true
	}
	return names, nil
}

// readModule reads a module, unpacking it: the root file system is compressed as a whole, and better so.
func (k Kernel) readModule(ctx context.Context, file string) (Module, error) {
	full := filepath.Join(k.modules, file)
	var data []byte
	var err error
	if strings.HasSuffix(file, ".xz") {
		data, err = command(ctx, "", "xz", "--decompress", "--stdout", full)
	} else {
		data, err = os.ReadFile(full)
	}
	if err != nil {
		return Module{}, fmt.Errorf("read module %s: %w", file, err)
	}
	info, err := readModinfo(data)
	if err != nil {
		return Module{}, fmt.Errorf("read module %s: %w", file, err)
	}
	return Module{Name: moduleName(file), Path: strings.TrimSuffix(file, ".xz"), Data: data, info: info}, nil
}

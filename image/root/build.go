package root

import (
	"bytes"
	"debug/elf"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"limpid/image/cpio"
	"limpid/image/debian"
)

// Parts are what the root file system is made of.
type Parts struct {
	Limpid   []byte            // the program, static
	Packages []debian.Package  // those that Packages names
	Release  string            // os-release(5)
	Kernel   debian.Kernel     //
	Modules  []debian.Module   // the kernel's modules to carry
	Index    map[string][]byte // modules.dep and its like, by file name
}

// Build gives the root file system.
func Build(p Parts) (*cpio.Tree, error) {
	var from sources
	for _, pkg := range p.Packages {
		from = append(from, pkg.Root)
	}
	tree := cpio.NewTree()
	for _, step := range []func() error{
		func() error { return addSkeleton(tree) },
		func() error { return addLimpid(tree, p.Limpid) },
		func() error { return addPrograms(tree, from) },
		func() error { return addCertificates(tree, from) },
		func() error { return addModules(tree, p) },
		func() error { return addConfiguration(tree, from, p) },
	} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("make root file system: %w", err)
		}
	}
	return tree, nil
}

// addSkeleton adds the folders that are mounted over or written to, and the devices there must be before /dev is mounted:
// the kernel opens the console for process 1, and Go's runtime opens /dev/null where a standard stream is closed.
func addSkeleton(tree *cpio.Tree) error {
	for _, dir := range []struct {
		name string
		perm uint32
	}{
		{"/dev", 0o755}, {"/proc", 0o555}, {"/sys", 0o555}, {"/run", 0o755}, {"/data", 0o755}, {"/mnt", 0o755},
		{"/tmp", 0o1777}, {"/root", 0o700}, {"/etc", 0o755}, {"/var/lib", 0o755}, {"/var/log", 0o755},
	} {
		if err := tree.Dir(dir.name, dir.perm); err != nil {
			return err
		}
	}
	if err := tree.Symlink("/var/run", "/run"); err != nil {
		return err
	}
	if err := tree.Device("/dev/console", 0o600, 5, 1); err != nil {
		return err
	}
	return tree.Device("/dev/null", 0o666, 1, 3)
}

// addLimpid adds the program, which must not need a library: it is to start whatever else is broken.
func addLimpid(tree *cpio.Tree, program []byte) error {
	file, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return fmt.Errorf("read limpid's program: %w", err)
	}
	if file.Machine != elf.EM_X86_64 {
		return fmt.Errorf("read limpid's program: it is for %v, and the image is for x86-64; build with GOARCH=amd64", file.Machine)
	}
	loader, err := interpreter(file)
	if err != nil {
		return fmt.Errorf("read limpid's program: %w", err)
	}
	if loader != "" {
		return fmt.Errorf("read limpid's program: it needs %s; build it static, with CGO_ENABLED=0 (make build does)", loader)
	}
	return tree.File("/usr/bin/limpid", program, 0o755)
}

// addModules adds the kernel's modules where modprobe and limpid look for them.
func addModules(tree *cpio.Tree, p Parts) error {
	dir := path.Join("/usr/lib/modules", p.Kernel.Release)
	for _, m := range p.Modules {
		if err := tree.File(path.Join(dir, m.Path), m.Data, 0o644); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Index)) {
		if err := tree.File(path.Join(dir, name), p.Index[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// addConfiguration adds the few files in /etc that programs want, and the list of what the image was made of.
func addConfiguration(tree *cpio.Tree, from sources, p Parts) error {
	mkfs, err := from.read("/etc/mke2fs.conf")
	if err != nil {
		return err
	}
	var list strings.Builder
	for _, pkg := range append([]debian.Package{p.Kernel.Package}, p.Packages...) {
		fmt.Fprintf(&list, "%s %s\n", pkg.Name, pkg.Version)
	}
	for _, f := range []struct{ name, text string }{
		{"/etc/mke2fs.conf", string(mkfs)},
		{"/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"},
		{"/etc/group", "root:x:0:\n"},
		{"/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"},
		{"/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"},
		{"/etc/os-release", p.Release},
		{"/usr/share/limpid/packages", list.String()},
	} {
		if err := tree.File(f.name, []byte(f.text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

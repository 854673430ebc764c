package root

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"path"
	"strings"

	"limpid/image/cpio"
)

// libraryDir is where Debian's dynamic loader looks for libraries on x86-64; /lib leads to /usr/lib.
const libraryDir = "/usr/lib/x86_64-linux-gnu"

// addLibraries adds the dynamic loader and the libraries that a program names, and theirs, under the names they are asked
// for by.
func addLibraries(tree *cpio.Tree, from sources, program string, data []byte) error {
	file, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("read ELF headers of %s: %w", program, err)
	}
	var wanted [][2]string // name on which it is asked for, place in the root
	loader, err := interpreter(file)
	if err != nil {
		return fmt.Errorf("read ELF headers of %s: %w", program, err)
	}
	if loader != "" {
		wanted = append(wanted, [2]string{loader, "/usr" + loader})
	}
	names, err := file.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("read libraries of %s: %w", program, err)
	}
	for _, name := range names {
		// The loader is among the C library's own libraries.
		if !strings.HasPrefix(name, "ld-linux") {
			wanted = append(wanted, [2]string{name, path.Join(libraryDir, name)})
		}
	}
	for _, w := range wanted {
		if tree.Has(w[1]) {
			continue
		}
		data, err := from.library(w[0])
		if err != nil {
			return fmt.Errorf("find what %s needs: %w", program, err)
		}
		if err := tree.File(w[1], data, 0o755); err != nil {
			return err
		}
		if err := addLibraries(tree, from, w[0], data); err != nil {
			return err
		}
	}
	return nil
}

// library gives a library by its name, or a file by its path.
func (s sources) library(name string) ([]byte, error) {
	if path.IsAbs(name) {
		return s.read(name)
	}
	for _, dir := range []string{"/lib/x86_64-linux-gnu", libraryDir} {
		if _, ok := s.find(path.Join(dir, name)); ok {
			return s.read(path.Join(dir, name))
		}
	}
	return nil, fmt.Errorf("no package of the image has the library %s: add its package to the list in image/root", name)
}

// interpreter gives the dynamic loader that a program asks for; "" for a static program or a library.
func interpreter(file *elf.File) (string, error) {
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			name, err := io.ReadAll(p.Open())
			return string(bytes.TrimRight(name, "\x00")), err
		}
	}
	return "", nil
}

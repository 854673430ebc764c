package vm

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// libraries finds what a program needs to start: its ELF interpreter and shared libraries, or the interpreter that a
// script names. It follows ld.so(8): DT_RPATH or DT_RUNPATH, then the host's library cache.
type libraries struct {
	cache map[libraryKey]string
}

// libraryKey tells libraries of one name for several architectures apart: a host may carry 32-bit ones as well.
type libraryKey struct {
	name string
	arch string // as ldconfig names it
}

// loadLibraries reads the host's library cache through `ldconfig -p`.
func loadLibraries(ctx context.Context) (*libraries, error) {
	out, err := command(ctx, "", "ldconfig", "-p")
	if err != nil {
		return nil, fmt.Errorf("list the host's libraries: %w", err)
	}
	return &libraries{cache: parseLdconfig(out)}, nil
}

// parseLdconfig reads lines such as "\tlibz.so.1 (libc6,x86-64) => /lib/x86_64-linux-gnu/libz.so.1". The first entry of
// a name wins, as in the loader.
func parseLdconfig(out string) map[libraryKey]string {
	cache := map[libraryKey]string{}
	for line := range strings.Lines(out) {
		left, path, ok := strings.Cut(strings.TrimSpace(line), " => ")
		name, flags, ok2 := strings.Cut(left, " (")
		if !ok || !ok2 {
			continue
		}
		key := libraryKey{name: name, arch: "i386"}
		if strings.Contains(flags, "x86-64") {
			key.arch = "x86-64"
		}
		if _, ok := cache[key]; !ok {
			cache[key] = path
		}
	}
	return cache
}

// needs lists the host paths that the file at path needs itself; each of them may need more. A file that is neither an
// ELF object for x86 nor a script needs nothing.
func (l *libraries) needs(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// The kernel reads 256 bytes to tell what a file is (BINPRM_BUF_SIZE); a script's first line ends within them.
	head := make([]byte, 256)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte(elf.ELFMAG)):
		return l.elfNeeds(path, f)
	case bytes.HasPrefix(head, []byte("#!")):
		return scriptNeeds(path, head)
	}
	return nil, nil
}

// scriptNeeds gives the interpreter of a script that may be executed; any other text may begin with "#!" freely.
func scriptNeeds(path string, head []byte) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o111 == 0 {
		return nil, err
	}
	line, _, _ := bytes.Cut(head[2:], []byte("\n"))
	fields := strings.Fields(string(line))
	if len(fields) == 0 {
		return nil, nil
	}
	return fields[:1], nil
}

// elfNeeds gives the interpreter and the libraries that the object's own headers name. What it opens later by dlopen(3)
// is not to be seen there: companions lists that by program.
func (l *libraries) elfNeeds(path string, r io.ReaderAt) ([]string, error) {
	f, err := elf.NewFile(r)
	if err != nil {
		return nil, fmt.Errorf("read ELF headers of %s: %w", path, err)
	}
	arch := "x86-64"
	switch {
	case f.Machine == elf.EM_386:
		arch = "i386"
	// Firmware and the like: data, not to be run here.
	case f.Machine != elf.EM_X86_64:
		return nil, nil
	}
	var found []string
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			name, err := io.ReadAll(p.Open())
			if err != nil {
				return nil, fmt.Errorf("read interpreter of %s: %w", path, err)
			}
			found = append(found, string(bytes.TrimRight(name, "\x00")))
		}
	}
	names, err := f.ImportedLibraries()
	if err != nil {
		return nil, fmt.Errorf("read needed libraries of %s: %w", path, err)
	}
	for _, name := range names {
		lib, err := l.find(f, path, name, arch)
		if err != nil {
			return nil, err
		}
		found = append(found, lib)
	}
	return found, nil
}

// find gives the host path of the library name that the object at path needs.
func (l *libraries) find(f *elf.File, path, name, arch string) (string, error) {
	// A path in the object itself comes before the system's, and $ORIGIN stands for the folder the object lies in.
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		values, err := f.DynString(tag)
		if err != nil {
			return "", fmt.Errorf("read run path of %s: %w", path, err)
		}
		for _, dir := range filepath.SplitList(strings.Join(values, ":")) {
			dir = strings.NewReplacer("$ORIGIN", filepath.Dir(path), "${ORIGIN}", filepath.Dir(path)).Replace(dir)
			if lib := filepath.Join(dir, name); exists(lib) {
				return lib, nil
			}
		}
	}
	if lib, ok := l.cache[libraryKey{name, arch}]; ok {
		return lib, nil
	}
	return "", fmt.Errorf("find library %s that %s needs: the host's library cache has none; install the package or run ldconfig", name, path)
}

// exists says whether a path can be opened at all; a link to nothing does not exist.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

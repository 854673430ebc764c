package vm

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// unpackFiles stores the files of a tar archive from the guest below dir and lists them. Names that lead out of dir are
// refused by the kernel (os.Root).
func unpackFiles(dir string, r io.Reader) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("store guest files: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("store guest files: %w", err)
	}
	defer root.Close()
	var names []string
	for archive := tar.NewReader(r); ; {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return names, nil
		}
		if err != nil {
			return names, fmt.Errorf("store guest files: %w", err)
		}
		// Folders are made as their files need them; nothing else is of use on the host.
		if head.Typeflag != tar.TypeReg {
			continue
		}
		if err := storeFile(root, head.Name, archive); err != nil {
			return names, fmt.Errorf("store guest file %s: %w", head.Name, err)
		}
		names = append(names, head.Name)
	}
}

// storeFile writes one file, with the folders above it. What lay there before is replaced.
func storeFile(root *os.Root, name string, r io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := root.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

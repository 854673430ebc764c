package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// output is a file that is being written.
type output struct {
	*os.File
}

// writeAll writes the file's whole contents.
func (f *output) writeAll(b []byte) error {
	_, err := f.Write(b)
	return err
}

// writeFile writes a file, which appears under its name only when it is complete, and prints its checksum.
func writeFile(name string, stdout io.Writer, write func(*output) error) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(name)+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already if all went well
	defer f.Close()
	if err := write(&output{f}); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	sum, size, err := checksum(f)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if err := f.Chmod(0o644); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	fmt.Fprintf(stdout, "wrote %s: %.2f MiB\n  SHA-256 %x\n", name, float64(size)/(1<<20), sum)
	return nil
}

// checksum reads a file from its start.
func checksum(f *os.File) ([]byte, int64, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, 0, err
	}
	h := sha256.New()
	n, err := io.Copy(h, f)
	return h.Sum(nil), n, err
}

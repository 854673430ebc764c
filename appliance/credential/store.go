package credential

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Names of the files.
const (
	certificateName = "certificate.pem"
	passwordName    = "password"
)

// Store is a folder of credentials, or memory in its place.
type Store struct {
	dir string

	mu     sync.Mutex
	memory map[string][]byte
}

// Open gives the store in a folder, which is memory while the folder is not there.
func Open(dir string) *Store { return &Store{dir: dir, memory: make(map[string][]byte)} }

// read gives a file's contents, nil when there is none.
func (s *Store) read(name string) ([]byte, error) {
	if !s.onDisk() {
		return s.memory[name], nil
	}
	data, err := os.ReadFile(filepath.Join(s.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return data, nil
}

func (s *Store) write(name string, data []byte) error {
	if !s.onDisk() {
		s.memory[name] = data
		return nil
	}
	return replace(filepath.Join(s.dir, name), data)
}

func (s *Store) onDisk() bool {
	info, err := os.Stat(s.dir)
	return err == nil && info.IsDir()
}

// replace gives a file other contents, for root alone, so that after a power cut
// there are the old ones or the new ones (fsync(2)).
func replace(path string, data []byte) error {
	fresh := path + ".new"
	f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(fresh))
	}
	if err := os.Rename(fresh, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

package credential

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"limpid/appliance/durable"
)

// Names of the files.
const (
	certificateName = "certificate.pem"
	passwordName    = "password"
)

// Store is a folder of credentials, or memory in its place.
type Store struct {
	dir string

	mu          sync.Mutex
	memory      map[string][]byte
	used, saved map[string]time.Time // when tokens were used last, by ID; of that, what is on the disk
}

// Open gives the store in a folder, which is memory while the folder is not there.
func Open(dir string) *Store {
	return &Store{dir: dir, memory: make(map[string][]byte), used: make(map[string]time.Time), saved: make(map[string]time.Time)}
}

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
	return durable.Replace(filepath.Join(s.dir, name), data, 0o600)
}

func (s *Store) remove(name string) error {
	if !s.onDisk() {
		delete(s.memory, name)
		return nil
	}
	return durable.Remove(filepath.Join(s.dir, name))
}

func (s *Store) onDisk() bool {
	_, err := os.Stat(s.dir)
	return !errors.Is(err, fs.ErrNotExist) // one that cannot be looked at says so when it is read: nobody is let in for it
}

package durable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Replace gives a file other contents so that after a power cut at any moment
// there are the old ones or the new ones: written aside, forced to the disk, renamed,
// and the folder forced to the disk too (fsync(2)). perm is for a file that is new.
func Replace(path string, data []byte, perm os.FileMode) error {
	fresh := path + ".new"
	f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(fresh))
	}
	if err := os.Rename(fresh, path); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(fresh))
	}
	return syncFolder(path)
}

// Remove takes a file away, so that after a power cut it stays away. A file that is
// not there is no error.
func Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", path, err)
	}
	return syncFolder(path)
}

// syncFolder forces the folder of a file to the disk: what is in it, and under
// which names.
func syncFolder(path string) error {
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

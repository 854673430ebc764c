package factory

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"syscall"

	"limpid/appliance/durable"
)

// removeFile takes a file away, and what a power cut may have left of a write to it.
// A folder that is not there has no file.
func removeFile(path string) error {
	if _, err := os.Lstat(filepath.Dir(path)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(durable.Remove(path+".new"), durable.Remove(path))
}

// removeFolder takes a folder away with the files in it.
func removeFolder(path string) error {
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Remove(filepath.Join(path, e.Name())); err != nil {
			return err
		}
	}
	return durable.Remove(path)
}

// logName is a file that the access log writes: proxy/accesslog has the names.
var logName = regexp.MustCompile(`^access\.(jsonl|log)(\.\d+)?$`)

// removeLogs takes away what the log's user has written into a folder under the names
// of logs. The folder stays, which is that user's own. No file in it is opened and no
// link followed: a proxy that was taken over can have nothing removed but what is its
// own to remove.
func removeLogs(dir string, user uint32) error {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // nothing was written by it
	folder, err := root.Open(".")
	if err != nil {
		return err
	}
	defer folder.Close()
	names, err := folder.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !logName.MatchString(name) {
			continue
		}
		info, err := root.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok || !info.Mode().IsRegular() || stat.Uid != user {
			continue // somebody else's, in a folder that was named by mistake
		}
		if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := folder.Sync(); err != nil {
		return fmt.Errorf("force it to the disk: %w", err)
	}
	return nil
}

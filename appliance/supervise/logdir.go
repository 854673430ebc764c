package supervise

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"limpid/appliance/child"
)

// logDirRetry is how often a log directory is tried that could not be made.
const logDirRetry = 30 * time.Second

// keepLogDir makes the log directory, and tries again until it is there: the
// file system it belongs to may be mounted late. The proxy finds it by itself.
func (s *Supervisor) keepLogDir(ctx context.Context) {
	for warned := false; ctx.Err() == nil; wait(ctx, logDirRetry, nil) {
		err := s.makeLogDir()
		if err == nil {
			return
		}
		if !warned {
			warned = true
			s.Log.Warn("the access log stays in memory", "error", err)
		}
	}
}

func (s *Supervisor) makeLogDir() error {
	if c := s.current().Log; c.Keep > 0 {
		return makeLogDir(c.Path, child.ProxyUser())
	}
	return nil
}

// makeLogDir makes a directory for the proxy's user, unless there is one: that
// is left as it is, whoever it belongs to. Its parent must exist.
func makeLogDir(path string, user child.User) error {
	err := os.Mkdir(path, 0o750)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make log directory: %w: make its parent, or name another path in [log]", err)
	}
	// By descriptor, so that nothing but a directory can be given away.
	dir, err := os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err == nil {
		err = errors.Join(dir.Chown(int(user.UID), int(user.GID)), dir.Close())
	}
	if err != nil {
		return errors.Join(fmt.Errorf("give log directory to user %d: %w", user.UID, err), os.Remove(path))
	}
	return nil
}

package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Variables of the environment that say which limpid a lab runs.
const (
	// EnvBinary names a built limpid; without it the lab builds ./appliance.
	EnvBinary = "LIMPID_BIN"
	// EnvRace set to 1 builds it with the race detector, which needs cgo.
	EnvRace = "LIMPID_RACE"
)

// Binary puts a limpid into dir and returns its path: that of EnvBinary, or one
// built from the module of the working directory. The build goes to a cache
// path under a lock, so that many labs at once build once; what runs is a
// copy, since a running file can not be replaced by the next build.
func Binary(ctx context.Context, dir string) (string, error) {
	built := os.Getenv(EnvBinary)
	if built == "" {
		race := os.Getenv(EnvRace) == "1"
		name := "limpid"
		if race {
			name = "limpid-race"
		}
		cache, err := os.UserCacheDir()
		if err != nil {
			cache = os.TempDir()
		}
		built = filepath.Join(cache, "limpid-lab", name)
		unlock, err := lock(built)
		if err != nil {
			return "", err
		}
		defer unlock()
		if err := build(ctx, built, race); err != nil {
			return "", err
		}
	}
	path := filepath.Join(dir, "limpid")
	if err := copyProgram(built, path); err != nil {
		return "", fmt.Errorf("install %s: %w", built, err)
	}
	return path, nil
}

// build runs the Go compiler, which does nothing when path is up to date.
func build(ctx context.Context, path string, race bool) error {
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	args, cgo := []string{"build", "-o", path}, "0"
	if race {
		args, cgo = append(args, "-race"), "1"
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./appliance")...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build limpid in %s: %w\n%s", root, err, out)
	}
	return nil
}

// moduleRoot finds the module that the working directory is in; `go test` runs
// in the tested package's, so a test anywhere in the tree will do.
func moduleRoot(ctx context.Context) (string, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return "", fmt.Errorf("build limpid: no go in PATH: install it, or set %s to a built limpid", EnvBinary)
	}
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	mod := strings.TrimSpace(string(out))
	if err != nil || mod == "" || mod == os.DevNull {
		return "", fmt.Errorf("build limpid: the working directory is in no Go module: go there, or set %s to a built limpid", EnvBinary)
	}
	return filepath.Dir(mod), nil
}

// lock holds path.lock until the function it returns is called.
func lock(path string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("make cache: %w", err)
	}
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock cache: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock cache: %w", err), f.Close())
	}
	return func() { _ = f.Close() }, nil
}

// copyProgram copies an executable file.
func copyProgram(from, to string) (err error) {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	// A child that another goroutine forks meanwhile would hold the file open for
	// writing until it execs, and the copy could not be started (ETXTBSY).
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}

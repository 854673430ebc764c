package vm

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// initPackage is the guest's process 1.
const initPackage = "limpid/test/vm/init"

// moduleRoot gives the folder of go.mod above the working directory, which is the package's folder in a test.
func moduleRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find go.mod: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if exists(filepath.Join(dir, "go.mod")) {
			return dir, nil
		}
		if dir == "/" {
			return "", fmt.Errorf("find go.mod: none in %s or above; run inside the repository", start)
		}
	}
}

// buildInit builds the guest's process 1.
func buildInit(ctx context.Context, out string) error {
	return goTool(ctx, "build", "-o", out, initPackage)
}

// buildTest builds a package's test binary.
func buildTest(ctx context.Context, out, pkg string) error {
	return goTool(ctx, "test", "-c", "-o", out, pkg)
}

// goTool runs the go command on this module for a static binary, whatever the host's environment says.
func goTool(ctx context.Context, args ...string) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	path, err := findProgram("go")
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	// Package names are read from here, whatever folder the test runs in.
	cmd.Dir = root
	// The guest has no C library but those that carried programs brought. A checkout of another owner makes git, and with
	// it the stamp of the version, fail: it is not needed.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// describePackage gives a package's folder and import path.
func describePackage(ctx context.Context, pkg string) (dir, name string, err error) {
	root, err := moduleRoot()
	if err != nil {
		return "", "", err
	}
	out, err := command(ctx, root, "go", "list", "-f", "{{.Dir}}\n{{.ImportPath}}", pkg)
	if err != nil {
		return "", "", fmt.Errorf("find package %s: %w", pkg, err)
	}
	dir, name, _ = strings.Cut(strings.TrimSpace(out), "\n")
	return dir, name, nil
}

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// The one package of the repository, and its file name as dpkg writes it.
const (
	packageName = "limpid-hello"
	packageFile = packageName + "_1.0_all.deb"
)

// packageControl says all that dpkg asks for; a repository's list of packages
// repeats it.
const packageControl = `Package: ` + packageName + `
Version: 1.0
Architecture: all
Maintainer: nobody <nobody@localhost>
Description: package that came through limpid
`

// makeRepository puts a flat apt repository into debian/ below root: one
// package, the list of packages, and the Release file with the list's digest.
// Nobody signs it: the client is told to trust it.
func makeRepository(ctx context.Context, root string) error {
	dir := filepath.Join(root, "debian")
	// The package's files as they would be installed, and DEBIAN/ beside them.
	tree, err := os.MkdirTemp(filepath.Dir(root), "package-")
	if err != nil {
		return fmt.Errorf("make repository: %w", err)
	}
	defer os.RemoveAll(tree)
	for _, folder := range []string{dir, filepath.Join(tree, "DEBIAN"), filepath.Join(tree, "usr/share/doc", packageName)} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("make repository: %w", err)
		}
	}
	for path, text := range map[string]string{
		filepath.Join(tree, "DEBIAN/control"):                        packageControl,
		filepath.Join(tree, "usr/share/doc", packageName, "welcome"): "Downloaded by apt, carried by limpid.\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return fmt.Errorf("make repository: %w", err)
		}
	}
	// dpkg-deb refuses control directories with setgid or odd modes.
	if err := os.Chmod(tree, 0o755); err != nil {
		return fmt.Errorf("make repository: %w", err)
	}
	build := exec.CommandContext(ctx, "dpkg-deb", "--root-owner-group", "--build", tree, filepath.Join(dir, packageFile))
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w: %s", packageFile, err, bytes.TrimSpace(out))
	}
	return writeIndexes(dir)
}

// writeIndexes writes Packages and Release (deb822, see the Debian policy and
// the repository format on wiki.debian.org). One SHA-256 of each file is all
// that apt asks for.
func writeIndexes(dir string) error {
	content, err := os.ReadFile(filepath.Join(dir, packageFile))
	if err != nil {
		return fmt.Errorf("make repository: %w", err)
	}
	packages := fmt.Sprintf("%sFilename: ./%s\nSize: %d\nSHA256: %x\n",
		packageControl, packageFile, len(content), sha256.Sum256(content))
	release := fmt.Sprintf("Origin: limpid demo\nDate: %s\nSHA256:\n %x %d Packages\n",
		time.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 UTC"), sha256.Sum256([]byte(packages)), len(packages))
	for name, text := range map[string]string{"Packages": packages, "Release": release} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("make repository: %w", err)
		}
	}
	return nil
}

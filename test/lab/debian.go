package lab

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// DebianPackage is a package that has one file to install.
type DebianPackage struct {
	Name, Summary string
	Content       []byte
}

// File is the package's file name as dpkg writes it.
func (p DebianPackage) File() string { return p.Name + "_1.0_all.deb" }

// control says all that dpkg asks for; a repository's list of packages repeats
// it.
func (p DebianPackage) control() string {
	return fmt.Sprintf(`Package: %s
Version: 1.0
Architecture: all
Maintainer: nobody <nobody@localhost>
Description: %s
`, p.Name, p.Summary)
}

// MakeRepository puts a flat apt repository into dir: the packages, the list of
// them, and the Release file with the list's digest, of the given origin.
// Nobody signs it: the client is told to trust it (AptSource).
func MakeRepository(ctx context.Context, dir, origin string, packages ...DebianPackage) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make repository: %w", err)
	}
	for _, p := range packages {
		if err := p.build(ctx, dir); err != nil {
			return fmt.Errorf("build %s: %w", p.File(), err)
		}
	}
	return writeIndexes(dir, origin, packages)
}

// build has dpkg-deb put the package together.
func (p DebianPackage) build(ctx context.Context, dir string) error {
	// The package's files as they would be installed, and DEBIAN/ beside them.
	tree, err := os.MkdirTemp("", "package-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tree)
	// dpkg-deb refuses control directories with setgid or odd modes.
	if err := os.Chmod(tree, 0o755); err != nil {
		return err
	}
	doc := filepath.Join(tree, "usr/share/doc", p.Name)
	for _, folder := range []string{filepath.Join(tree, "DEBIAN"), doc} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(tree, "DEBIAN/control"), []byte(p.control()), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(doc, "welcome"), p.Content, 0o644); err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, filepath.Join(dir, p.File()))
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// writeIndexes writes Packages and Release (deb822, see the Debian policy and
// the repository format on wiki.debian.org). One SHA-256 of each file is all
// that apt asks for.
func writeIndexes(dir, origin string, packages []DebianPackage) error {
	var list bytes.Buffer
	for _, p := range packages {
		file, err := os.Open(filepath.Join(dir, p.File()))
		if err != nil {
			return fmt.Errorf("make repository: %w", err)
		}
		sum := sha256.New()
		size, err := io.Copy(sum, file)
		_ = file.Close()
		if err != nil {
			return fmt.Errorf("make repository: %w", err)
		}
		fmt.Fprintf(&list, "%sFilename: ./%s\nSize: %d\nSHA256: %x\n\n", p.control(), p.File(), size, sum.Sum(nil))
	}
	release := fmt.Sprintf("Origin: %s\nDate: %s\nSHA256:\n %x %d Packages\n",
		origin, time.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 UTC"), sha256.Sum256(list.Bytes()), list.Len())
	for name, text := range map[string][]byte{"Packages": list.Bytes(), "Release": []byte(release)} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return fmt.Errorf("make repository: %w", err)
		}
	}
	return nil
}

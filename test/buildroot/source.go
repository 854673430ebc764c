package buildroot

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// sourcePackage is Debian's package of the kernel's source. Its tarball is named like it.
const sourcePackage = "linux-source-6.12"

// KernelSource gives the folder of Debian's 6.12 kernel source, reduced to what its configurator reads: the one in the
// cache, whichever 6.12 it is, or else Debian's newest, downloaded (150 MB) and unpacked (25 MB) once.
func KernelSource(ctx context.Context, cache string) (string, error) {
	if found, _ := filepath.Glob(filepath.Join(cache, sourcePackage+"_*")); len(found) > 0 {
		return found[len(found)-1], nil
	}
	version, err := candidate(ctx)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, sourcePackage+"_"+strings.ReplaceAll(version, ":", "%3a"))
	if err := unpack(ctx, version, dir); err != nil {
		return "", fmt.Errorf("unpack %s %s: %w", sourcePackage, version, err)
	}
	return dir, nil
}

// candidate gives the version that apt would install.
func candidate(ctx context.Context) (string, error) {
	out, err := run(ctx, "", "apt-cache", "policy", sourcePackage)
	if err != nil {
		return "", fmt.Errorf("look up %s: %w", sourcePackage, err)
	}
	for line := range strings.Lines(out) {
		if version, ok := strings.CutPrefix(strings.TrimSpace(line), "Candidate: "); ok && version != "(none)" {
			return version, nil
		}
	}
	return "", fmt.Errorf("look up %s: apt knows of none; run apt-get update (Debian 12 with its security archive has it)", sourcePackage)
}

// unpack makes dir, whole or not at all.
func unpack(ctx context.Context, version, dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), ".unpack-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if _, err := run(ctx, work, "apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", sourcePackage+"="+version); err != nil {
		return fmt.Errorf("download it: %w; is there a network, with a Debian mirror in /etc/apt, and is apt-get update recent?", err)
	}
	// The package is an archive with a compressed archive in it; what is not needed is never written.
	const pipe = `dpkg-deb --fsys-tarfile *.deb | tar -xO ./usr/src/"$1".tar.xz |
		tar -xJ -C tree --strip-components=1 --wildcards --no-anchored \
			"$1/Makefile" "$1/scripts/*" "$1/arch/x86/Makefile*" 'Kconfig*'`
	if err := os.Mkdir(filepath.Join(work, "tree"), 0o755); err != nil {
		return err
	}
	if _, err := run(ctx, work, "bash", "-euo", "pipefail", "-c", pipe, "unpack", sourcePackage); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(work, "tree"), dir); err != nil {
		if _, missing := os.Stat(dir); missing != nil { // else another test process was faster
			return err
		}
	}
	return nil
}

// Configure completes a fragment to the configuration that a kernel would be built with, by the kernel's own
// "make olddefconfig", and gives the path of the .config in the folder out.
func Configure(ctx context.Context, source, fragment, out string) (string, error) {
	config := filepath.Join(out, ".config")
	text, err := os.ReadFile(fragment)
	if err != nil {
		return "", fmt.Errorf("configure kernel: %w", err)
	}
	if err := os.WriteFile(config, text, 0o644); err != nil {
		return "", fmt.Errorf("configure kernel: %w", err)
	}
	if _, err := run(ctx, source, "make", "ARCH=x86_64", "O="+out, "olddefconfig"); err != nil {
		return "", fmt.Errorf("configure kernel: %w", err)
	}
	return config, nil
}

// run runs a program in dir and gives its output; an error holds what it complained of.
func run(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "MAKEFLAGS=")
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return string(out), fmt.Errorf("run %s: %w: %s", name, err, strings.TrimSpace(complaint.String()))
	}
	return string(out), nil
}

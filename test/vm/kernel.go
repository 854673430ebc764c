package vm

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// kernelPackages are the Debian packages to take the kernel from, the wanted one first: the cloud flavour has every
// module used here and boots fastest.
func kernelPackages() []string {
	return []string{"linux-image-6.12-cloud-amd64", "linux-image-6.12-amd64"}
}

// Kernel is a kernel on the host's disk.
type Kernel struct {
	Image   string // bzImage
	Modules string // its module folder with modules.dep, such as .../lib/modules/6.12.1; "": everything is built in
}

// DebianKernel gives Debian's newest 6.12 kernel, unpacked in the cache folder; it is downloaded with apt the first
// time and never installed. When apt has no lists or cannot download, what the cache already holds is good enough.
func DebianKernel(ctx context.Context, cache string) (Kernel, error) {
	var reason error
	for _, meta := range kernelPackages() {
		kernel, err := packagedKernel(ctx, cache, meta)
		if err == nil {
			return kernel, nil
		}
		// The wanted package's failure is the one to tell; the others only follow from it.
		if reason == nil {
			reason = err
		}
	}
	older, err := filepath.Glob(filepath.Join(cache, "linux-image-6.12.*_*"))
	if err == nil && len(older) > 0 {
		return kernelIn(older[len(older)-1])
	}
	return Kernel{}, fmt.Errorf("find a 6.12 kernel for the test VM: %w; run apt-get update (Debian 12 with its security archive has one)", reason)
}

// packagedKernel gives the kernel that a meta package stands for, from the cache or else from apt.
func packagedKernel(ctx context.Context, cache, meta string) (Kernel, error) {
	name, version, err := resolvePackage(ctx, meta)
	if err != nil {
		return Kernel{}, err
	}
	dir := filepath.Join(cache, name+"_"+strings.ReplaceAll(version, ":", "%3a"))
	if !exists(dir) {
		if err := unpackPackage(ctx, name, version, dir); err != nil {
			return Kernel{}, err
		}
	}
	return kernelIn(dir)
}

// resolvePackage gives the package and version that a meta package such as linux-image-6.12-cloud-amd64 stands for.
func resolvePackage(ctx context.Context, meta string) (name, version string, err error) {
	out, err := command(ctx, "", "apt-cache", "show", "--no-all-versions", meta)
	if err != nil {
		return "", "", fmt.Errorf("look up %s: %w", meta, err)
	}
	name, version, ok := parseDepends(out)
	if !ok {
		return "", "", fmt.Errorf("look up %s: it depends on no linux-image package with a version", meta)
	}
	return name, version, nil
}

// parseDepends reads "Depends: linux-image-6.12.1-amd64 (= 6.12.1-1), ..." of a package's record.
func parseDepends(record string) (name, version string, ok bool) {
	for line := range strings.Lines(record) {
		list, found := strings.CutPrefix(line, "Depends: ")
		if !found {
			continue
		}
		for dependency := range strings.SplitSeq(list, ",") {
			name, rest, found := strings.Cut(strings.TrimSpace(dependency), " (= ")
			version, closed := strings.CutSuffix(rest, ")")
			if found && closed && strings.HasPrefix(name, "linux-image-") {
				return name, version, true
			}
		}
	}
	return "", "", false
}

// unpackPackage downloads a package and unpacks it to dir, which appears only when it is complete. Its modules are made
// ready to be loaded by a slow processor.
func unpackPackage(ctx context.Context, name, version, dir string) (err error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("make kernel cache: %w", err)
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), ".unpack-*")
	if err != nil {
		return fmt.Errorf("make kernel cache: %w", err)
	}
	defer os.RemoveAll(work)
	if err := os.Chmod(work, 0o755); err != nil { // apt's sandbox user looks in
		return fmt.Errorf("make kernel cache: %w", err)
	}
	if _, err := command(ctx, work, "apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", name+"="+version); err != nil {
		return fmt.Errorf("download %s %s: %w", name, version, err)
	}
	debs, err := filepath.Glob(filepath.Join(work, "*.deb"))
	if err != nil || len(debs) != 1 {
		return fmt.Errorf("download %s %s: apt-get left %d packages, not one", name, version, len(debs))
	}
	root := filepath.Join(work, "root")
	if _, err := command(ctx, work, "dpkg-deb", "-x", debs[0], root); err != nil {
		return fmt.Errorf("unpack %s: %w", name, err)
	}
	if err := indexModules(ctx, root); err != nil {
		return fmt.Errorf("unpack %s: %w", name, err)
	}
	// One rename makes the kernel appear whole or not at all.
	if err := os.Rename(root, dir); err != nil && !exists(dir) { // another test process may have been faster
		return fmt.Errorf("unpack %s: %w", name, err)
	}
	return nil
}

// indexModules unpacks the modules, takes their signatures off, and indexes them as the package's own script would.
func indexModules(ctx context.Context, root string) error {
	var packed []string
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".ko.xz") {
			packed = append(packed, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	// Names go through a file: there are more than fit on a command line.
	if len(packed) > 0 {
		list := filepath.Join(filepath.Dir(root), "packed")
		if err := os.WriteFile(list, []byte(strings.Join(packed, "\n")+"\n"), 0o644); err != nil {
			return err
		}
		if _, err := command(ctx, root, "xz", "--decompress", "--files="+list); err != nil {
			return err
		}
		for _, path := range packed {
			if err := unsignFile(strings.TrimSuffix(path, ".xz")); err != nil {
				return err
			}
		}
	}
	kernel, err := kernelIn(root)
	if err != nil {
		return err
	}
	_, err = command(ctx, root, "depmod", "-b", root, filepath.Base(kernel.Modules))
	return err
}

// kernelIn gives the one kernel in an unpacked package.
func kernelIn(root string) (Kernel, error) {
	images, _ := filepath.Glob(filepath.Join(root, "boot", "vmlinuz-*"))
	modules, _ := filepath.Glob(filepath.Join(root, "lib", "modules", "*"))
	if len(images) != 1 || len(modules) != 1 {
		return Kernel{}, fmt.Errorf("find kernel in %s: %d images and %d module folders, not one of each; remove the folder to unpack it anew", root, len(images), len(modules))
	}
	return Kernel{Image: images[0], Modules: modules[0]}, nil
}

// command runs a host program in dir and gives its output; its error holds the last line the program complained in.
func command(ctx context.Context, dir, name string, args ...string) (string, error) {
	path, err := findProgram(name)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = dir
	// Output is parsed: ask for it in the language it is parsed in.
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("run %s: %w: %s", name, err, lastLine(complaint.String()))
	}
	return string(out), nil
}

// lastLine gives the last line of a program's complaints, where most of them name the cause.
func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndex(s, "\n")+1:]
}

package debian

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// KernelPackage is the package that stands for Debian's newest kernel of the series limpid is built for. Its "cloud"
// flavour is smaller, but knows the network cards of virtual machines only.
const KernelPackage = "linux-image-6.12-amd64"

// Kernel is an unpacked kernel.
type Kernel struct {
	Package
	Image   string // file of the bzImage
	Release string // as uname -r gives it
	modules string // folder of its modules
}

// Kernel gives the kernel that a package such as KernelPackage stands for.
func (s Store) Kernel(ctx context.Context, meta string) (Kernel, error) {
	records, err := lookUp(ctx, meta)
	if err != nil {
		return Kernel{}, err
	}
	name, ok := imagePackage(records[meta]["Depends"])
	if !ok {
		return Kernel{}, fmt.Errorf("look up %s: it depends on no linux-image package", meta)
	}
	packages, err := s.Packages(ctx, name)
	if err != nil {
		return Kernel{}, err
	}
	return kernelIn(packages[0])
}

// imagePackage finds the kernel's package in the dependencies of the one that stands for it:
// "linux-image-6.12.1-amd64 (= 6.12.1-1)".
func imagePackage(depends string) (string, bool) {
	for dependency := range strings.SplitSeq(depends, ",") {
		name, _, _ := strings.Cut(strings.TrimSpace(dependency), " ")
		if strings.HasPrefix(name, "linux-image-") {
			return name, true
		}
	}
	return "", false
}

// kernelIn finds the one kernel in a package.
func kernelIn(p Package) (Kernel, error) {
	images, _ := filepath.Glob(filepath.Join(p.Root, "boot", "vmlinuz-*"))
	modules, _ := filepath.Glob(filepath.Join(p.Root, "lib", "modules", "*"))
	if len(modules) == 0 {
		modules, _ = filepath.Glob(filepath.Join(p.Root, "usr", "lib", "modules", "*"))
	}
	if len(images) != 1 || len(modules) != 1 {
		return Kernel{}, fmt.Errorf("find kernel in %s: %d images and %d module folders, not one of each; remove the folder to download it anew", p.Root, len(images), len(modules))
	}
	return Kernel{Package: p, Image: images[0], Release: filepath.Base(modules[0]), modules: modules[0]}, nil
}

// ReadImage gives the bzImage.
func (k Kernel) ReadImage() ([]byte, error) {
	b, err := os.ReadFile(k.Image)
	if err != nil {
		return nil, fmt.Errorf("read kernel: %w", err)
	}
	return b, nil
}

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Names in Buildroot's output/images.
const (
	buildrootKernel = "bzImage"
	buildrootPacked = "rootfs.cpio.zst"
	buildrootPlain  = "rootfs.cpio"
)

// fromBuildroot takes kernel and root file system as Buildroot has left them.
func fromBuildroot(o options) (payload, error) {
	p := payload{about: fmt.Sprintf("limpid %s with Buildroot's kernel and root file system", o.version)}
	var err error
	if p.kernel, err = os.ReadFile(filepath.Join(o.from, buildrootKernel)); err != nil {
		return payload{}, fmt.Errorf("read Buildroot's kernel: %w; -from is Buildroot's output/images", err)
	}
	if !isBootable(p.kernel) {
		return payload{}, fmt.Errorf("read Buildroot's kernel: %s is no bzImage", filepath.Join(o.from, buildrootKernel))
	}
	// Buildroot keeps both; the packed one is what its own figures are about.
	p.root, err = os.ReadFile(filepath.Join(o.from, buildrootPacked))
	if errors.Is(err, fs.ErrNotExist) {
		return packBuildroot(o, p)
	}
	if err != nil {
		return payload{}, fmt.Errorf("read Buildroot's root file system: %w", err)
	}
	if !bytes.HasPrefix(p.root, []byte("\x28\xb5\x2f\xfd")) { // RFC 8878, section 3.1.1
		return payload{}, fmt.Errorf("read Buildroot's root file system: %s is not packed with zstd", filepath.Join(o.from, buildrootPacked))
	}
	return p, nil
}

// packBuildroot adds the root file system that Buildroot has not compressed.
func packBuildroot(o options, p payload) (payload, error) {
	name := filepath.Join(o.from, buildrootPlain)
	archive, err := os.ReadFile(name)
	if err != nil {
		return payload{}, fmt.Errorf("read Buildroot's root file system: %w; set BR2_TARGET_ROOTFS_CPIO", err)
	}
	if !bytes.HasPrefix(archive, []byte("070701")) {
		return payload{}, fmt.Errorf("read Buildroot's root file system: %s is no cpio archive in newc format", name)
	}
	p.unpacked = len(archive)
	p.root, err = compress(archive)
	return p, err
}

// isBootable looks for the signature of the kernel's boot protocol (Documentation/arch/x86/boot.rst, Linux 6.12).
func isBootable(kernel []byte) bool {
	const at = 0x202
	return len(kernel) > at+4 && string(kernel[at:at+4]) == "HdrS"
}

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// fromBuildroot takes kernel and root file system as Buildroot has left them.
func fromBuildroot(o options) (payload, error) {
	kernel, err := os.ReadFile(filepath.Join(o.from, "bzImage"))
	if err != nil {
		return payload{}, fmt.Errorf("read Buildroot's kernel: %w; -from is Buildroot's output/images", err)
	}
	if !isBootable(kernel) {
		return payload{}, fmt.Errorf("read Buildroot's kernel: %s is no bzImage", filepath.Join(o.from, "bzImage"))
	}
	name := filepath.Join(o.from, "rootfs.cpio")
	archive, err := os.ReadFile(name)
	if err != nil {
		return payload{}, fmt.Errorf("read Buildroot's root file system: %w; set BR2_TARGET_ROOTFS_CPIO", err)
	}
	if !bytes.HasPrefix(archive, []byte("070701")) {
		return payload{}, fmt.Errorf("read Buildroot's root file system: %s is no cpio archive in newc format", name)
	}
	packed, err := compress(archive)
	return payload{
		kernel: kernel, root: packed, unpacked: len(archive),
		about: fmt.Sprintf("limpid %s with Buildroot's kernel and root file system", o.version),
	}, err
}

// isBootable looks for the signature of the kernel's boot protocol (Documentation/arch/x86/boot.rst, Linux 6.12).
func isBootable(kernel []byte) bool {
	const at = 0x202
	return len(kernel) > at+4 && string(kernel[at:at+4]) == "HdrS"
}

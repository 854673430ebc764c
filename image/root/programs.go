package root

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"limpid/image/cpio"
)

// Packages lists the Debian packages whose files Build takes.
func Packages() []string {
	return []string{
		// The rescue shell, and the modprobe that the kernel calls.
		"busybox-static",
		// mkfs.ext4 and e2fsck for the data partition, resize2fs to grow it, and their libraries.
		"e2fsprogs", "libext2fs2", "libcom-err2", "libblkid1", "libuuid1", "libc6",
		// nft, to look at rules from the rescue shell and to remove them, and its libraries.
		"nftables", "libnftables1", "libnftnl11", "libmnl0", "libxtables12", "libjansson4", "libgmp10", "libedit2", "libbsd0", "libmd0", "libtinfo6",
		// Certificates to verify others by.
		"ca-certificates",
	}
}

// programs are the programs taken, from their path in the package to the one in the root.
func programs() [][2]string {
	return [][2]string{
		{"/bin/busybox", "/usr/bin/busybox"},
		{"/sbin/mke2fs", "/usr/sbin/mke2fs"},
		{"/sbin/e2fsck", "/usr/sbin/e2fsck"},
		{"/sbin/resize2fs", "/usr/sbin/resize2fs"},
		{"/usr/sbin/nft", "/usr/sbin/nft"},
	}
}

// links are symbolic links beside the programs: other names that programs go by, and the old places of folders.
func links() [][2]string {
	return [][2]string{
		{"/init", "/usr/bin/limpid"},
		{"/bin", "usr/bin"}, {"/sbin", "usr/sbin"}, {"/lib", "usr/lib"}, {"/lib64", "usr/lib64"},
		// Busybox's shell finds its other programs in itself; the kernel calls modprobe by this name.
		{"/usr/bin/sh", "busybox"}, {"/usr/sbin/modprobe", "../bin/busybox"},
		{"/usr/sbin/mkfs.ext4", "mke2fs"}, {"/usr/sbin/fsck.ext4", "e2fsck"},
	}
}

// sources are the folders of unpacked packages.
type sources []string

// find gives the file that the packages install at an absolute path, whatever symbolic links lead there.
func (s sources) find(name string) (string, bool) {
	// A link from one package may lead to a file of another: follow it by hand, as if all were unpacked in one place.
	for range 10 {
		found := false
		for _, dir := range s {
			full := filepath.Join(dir, name)
			info, err := os.Lstat(full)
			if err != nil {
				continue
			}
			if info.Mode()&os.ModeSymlink == 0 {
				return full, true
			}
			target, err := os.Readlink(full)
			if err != nil {
				continue
			}
			if !path.IsAbs(target) {
				target = path.Join(path.Dir(name), target)
			}
			name, found = target, true
			break
		}
		if !found {
			return "", false
		}
	}
	return "", false
}

// read gives the contents of the file at an absolute path.
func (s sources) read(name string) ([]byte, error) {
	file, ok := s.find(name)
	if !ok {
		return nil, fmt.Errorf("find %s: none of the packages %s has it", name, strings.Join(Packages(), ", "))
	}
	return os.ReadFile(file)
}

// addPrograms adds the programs with the libraries they need.
func addPrograms(tree *cpio.Tree, from sources) error {
	for _, p := range programs() {
		data, err := from.read(p[0])
		if err != nil {
			return err
		}
		if err := tree.File(p[1], data, 0o755); err != nil {
			return err
		}
		if err := addLibraries(tree, from, p[0], data); err != nil {
			return err
		}
	}
	for _, l := range links() {
		if err := tree.Symlink(l[0], l[1]); err != nil {
			return err
		}
	}
	return nil
}

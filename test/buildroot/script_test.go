package buildroot

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// build is what Buildroot hands to post-build.sh, made up.
type build struct {
	root   string // the root file system
	folder string // BUILD_DIR
	config string // BR2_CONFIG
}

func newBuild(t *testing.T) build {
	t.Helper()
	dir := t.TempDir()
	b := build{root: filepath.Join(dir, "target"), folder: filepath.Join(dir, "build"), config: filepath.Join(dir, "config")}
	write(t, b.config, "BR2_LINUX_KERNEL_VERSION=\"6.12.1\"\n", 0o644)
	// A fragment is a configuration that has every one of its lines.
	write(t, filepath.Join(b.folder, "linux-6.12.1", ".config"), read(t, board+"linux.fragment"), 0o644)
	write(t, filepath.Join(b.folder, "busybox-1.37.0", ".config"), read(t, board+"busybox.fragment"), 0o644)
	limpid, err := os.ReadFile(os.Args[0]) // a static program: this test
	if err != nil {
		t.Fatal(err)
	}
	b.put(t, "usr/bin/limpid", string(limpid), 0o755)
	for _, program := range []string{"bin/busybox", "bin/sh", "usr/sbin/mke2fs", "usr/sbin/e2fsck", "usr/sbin/resize2fs", "usr/sbin/nft", "usr/sbin/badblocks"} {
		b.put(t, program, "#!/bin/sh\n", 0o755)
	}
	b.put(t, "usr/share/limpid/os-release", "ID=limpid\n", 0o644)
	b.put(t, "usr/lib/os-release", "ID=buildroot\n", 0o644)
	b.put(t, "etc/ssl/certs/ca-certificates.crt", "certificates", 0o644)
	b.put(t, "usr/share/ca-certificates/mozilla/a.crt", "one of them", 0o644)
	link(t, "../../../usr/share/ca-certificates/mozilla/a.crt", filepath.Join(b.root, "etc/ssl/certs/a.pem"))
	link(t, "usr/bin/limpid", filepath.Join(b.root, "init"))
	return b
}

func (b build) put(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	write(t, filepath.Join(b.root, name), text, mode)
}

// finish runs post-build.sh as Buildroot does.
func (b build) finish(t *testing.T) error {
	t.Helper()
	t.Setenv("BUILD_DIR", b.folder)
	t.Setenv("BR2_CONFIG", b.config)
	_, err := run(t.Context(), "", path(board+"post-build.sh"), b.root)
	return err
}

// expect says which of the root's files are there that must not be, and the other way round.
func (b build) expect(t *testing.T, there bool, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := os.Lstat(filepath.Join(b.root, name)); (err == nil) != there {
			t.Errorf("/%s: %v", name, err)
		}
	}
}

func TestPostBuild(t *testing.T) {
	b := newBuild(t)
	if err := os.MkdirAll(filepath.Join(b.root, "lib/modules"), 0o755); err != nil {
		t.Fatal(err)
	}
	for range 2 { // Buildroot runs it again on the same root
		if err := b.finish(t); err != nil {
			t.Fatal(err)
		}
	}
	b.expect(t, false, "lib/modules")
	b.expect(t, true, "usr/share/ca-certificates", "usr/sbin/badblocks") // the next build counts on them
	if release, err := os.ReadFile(filepath.Join(b.root, "usr/lib/os-release")); string(release) != "ID=limpid\n" {
		t.Errorf("os-release is not limpid's: %q, %v", release, err)
	}
}

func TestPostBuildRefuses(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T, b build)
		want  string
	}{
		{"lost kernel option", func(t *testing.T, b build) {
			write(t, filepath.Join(b.folder, "linux-6.12.1", ".config"), "CONFIG_64BIT=y\n", 0o644)
		}, "CONFIG_BRIDGE=y: the final configuration has it not set"},
		{"lost busybox option", func(t *testing.T, b build) {
			write(t, filepath.Join(b.folder, "busybox-1.37.0", ".config"), read(t, board+"busybox.fragment")+"CONFIG_SU=y\n", 0o644)
		}, "# CONFIG_SU is not set: the final configuration has CONFIG_SU=y"},
		{"no kernel", func(t *testing.T, b build) {
			if err := os.RemoveAll(filepath.Join(b.folder, "linux-6.12.1")); err != nil {
				t.Fatal(err)
			}
		}, "check linux.fragment: there is no "},
		{"other init", func(t *testing.T, b build) {
			if err := os.Remove(filepath.Join(b.root, "init")); err != nil {
				t.Fatal(err)
			}
			link(t, "bin/busybox", filepath.Join(b.root, "init"))
		}, "/init is not limpid"},
		{"program with an interpreter", func(t *testing.T, b build) {
			shell, err := os.ReadFile("/bin/bash")
			if err != nil {
				t.Fatal(err)
			}
			b.put(t, "usr/bin/limpid", string(shell), 0o755)
		}, "limpid is not static"},
		{"no certificates", func(t *testing.T, b build) { b.put(t, "etc/ssl/certs/ca-certificates.crt", "", 0o644) }, "no certificates"},
		{"no nft", func(t *testing.T, b build) {
			if err := os.Remove(filepath.Join(b.root, "usr/sbin/nft")); err != nil {
				t.Fatal(err)
			}
		}, "/usr/sbin/nft is not in the root file system"},
		{"second kernel", func(t *testing.T, b build) { b.put(t, "boot/bzImage", "kernel", 0o644) }, "/boot is in the root file system"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBuild(t)
			test.spoil(t, b)
			if err := b.finish(t); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, not %q", err, test.want)
			}
		})
	}
}

// What is not used is left out of what is packed, and nothing else.
func TestPostFakeroot(t *testing.T) {
	b := newBuild(t)
	b.put(t, "usr/share/et/et_c.awk", "", 0o644)
	if _, err := run(t.Context(), "", path(board+"post-fakeroot.sh"), b.root); err != nil {
		t.Fatal(err)
	}
	b.expect(t, false, "usr/share/ca-certificates", "etc/ssl/certs/a.pem", "usr/sbin/badblocks", "usr/share/et")
	b.expect(t, true, "etc/ssl/certs/ca-certificates.crt", "init", "usr/bin/limpid", "usr/sbin/nft", "usr/sbin/mke2fs", "usr/sbin/e2fsck", "bin/sh")
}

func TestPostImage(t *testing.T) {
	images := t.TempDir()
	write(t, filepath.Join(images, "bzImage"), strings.Repeat("k", 1000), 0o644)
	write(t, filepath.Join(images, "rootfs.cpio.zst"), strings.Repeat("r", 24), 0o644)
	out, err := run(t.Context(), "", path(board+"post-image.sh"), images)
	if err != nil || !strings.Contains(out, "1024 bytes of 25165824") {
		t.Errorf("%v, %q", err, out)
	}
	if err := os.Truncate(filepath.Join(images, "rootfs.cpio.zst"), 24<<20); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t.Context(), "", path(board+"post-image.sh"), images); err == nil || !strings.Contains(err.Error(), "over 25165824 bytes") {
		t.Errorf("kernel and root file system of more than 24 MiB pass: %v", err)
	}
	if err := os.Remove(filepath.Join(images, "bzImage")); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t.Context(), "", path(board+"post-image.sh"), images); err == nil {
		t.Error("no kernel passes")
	}
}

func write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

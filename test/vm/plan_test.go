package vm

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseDepends(t *testing.T) {
	record := "Package: linux-image-6.12-cloud-amd64\nVersion: 6.12.117-1~deb12u1\n" +
		"Depends: linux-base, linux-image-6.12.117+deb12-cloud-amd64 (= 6.12.117-1~deb12u1)\nDescription: x\n"
	name, version, ok := parseDepends(record)
	if !ok || name != "linux-image-6.12.117+deb12-cloud-amd64" || version != "6.12.117-1~deb12u1" {
		t.Errorf("got %q, %q, %v", name, version, ok)
	}
	for _, record := range []string{"", "Depends: linux-image-6.12\n", "Depends: libc6 (= 2.36)\n"} {
		if name, _, ok := parseDepends(record); ok {
			t.Errorf("%q gave %q", record, name)
		}
	}
}

func TestLoadOrder(t *testing.T) {
	index := parseModuleIndex("/m",
		"kernel/a-b.ko: kernel/c.ko.xz kernel/d.ko\nkernel/c.ko.xz: kernel/d.ko\nkernel/d.ko:\nkernel/net/e.ko: kernel/d.ko\n",
		"kernel/built-in.ko\n")
	got, err := index.loadOrder([]string{"a_b", "built_in", "a-b", "e"})
	want := []string{"kernel/d.ko", "kernel/c.ko.xz", "kernel/a-b.ko", "kernel/net/e.ko"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("order = %q, %v; want %q", got, err, want)
	}
	if _, err := index.loadOrder([]string{"absent"}); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("unknown module: error %v", err)
	}
	if got, want := index.below([]string{"kernel/net"}), []string{"kernel/d.ko", "kernel/net/e.ko"}; !slices.Equal(got, want) {
		t.Errorf("below = %q, want %q", got, want)
	}
}

func TestUnsigned(t *testing.T) {
	signature := "SIG" + "\x00\x00\x02\x00\x00\x00\x00\x00" + "\x00\x00\x00\x03" + signatureMagic
	for name, c := range map[string]struct {
		in, want string
		bad      bool
	}{
		"signed":         {in: "ELF" + signature, want: "ELF"},
		"no signature":   {in: "ELF", want: "ELF"},
		"length beyond":  {in: "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x09" + signatureMagic, bad: true},
		"nothing before": {in: signatureMagic, bad: true},
	} {
		got, err := unsigned([]byte(c.in))
		if (err != nil) != c.bad || string(got) != c.want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
}

func TestAcceleratorByVersion(t *testing.T) {
	for out, want := range map[string]string{
		"QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)\n": "tcg,thread=single",
		"QEMU emulator version 8.0.4":                          "tcg,thread=single",
		"QEMU emulator version 8.1.0":                          "tcg,thread=multi",
		"QEMU emulator version 10.0.2":                         "tcg,thread=multi",
	} {
		major, minor, err := parseQEMUVersion(out)
		if err != nil {
			t.Error(err)
		} else if got := accelerator(major, minor); got != want {
			t.Errorf("%s: %s, want %s", out, got, want)
		}
	}
	if _, _, err := parseQEMUVersion("bochs 2"); err == nil {
		t.Error("took bochs for QEMU")
	}
}

func TestParseLdconfig(t *testing.T) {
	cache := parseLdconfig("2 libs found in cache `/etc/ld.so.cache'\n" +
		"\tlibz.so.1 (libc6,x86-64) => /lib/x/libz.so.1\n\tlibz.so.1 (libc6) => /lib/i/libz.so.1\n" +
		"\tlibz.so.1 (libc6,x86-64) => /second/libz.so.1\n")
	if got := cache[libraryKey{"libz.so.1", "x86-64"}]; got != "/lib/x/libz.so.1" {
		t.Errorf("x86-64: %q", got)
	}
	if got := cache[libraryKey{"libz.so.1", "i386"}]; got != "/lib/i/libz.so.1" {
		t.Errorf("i386: %q", got)
	}
}

func TestPanicIn(t *testing.T) {
	reason, ok := panicIn("[1] x\n[2] Kernel panic - not syncing: Fatal exception \n[2] y\n")
	if !ok || reason != "Fatal exception" {
		t.Errorf("got %q, %v", reason, ok)
	}
	if _, ok := panicIn("all is well"); ok {
		t.Error("panic seen where none is")
	}
}

func TestInnerTimeoutComesFirst(t *testing.T) {
	for _, outer := range []time.Duration{2 * time.Second, 20 * time.Second, 40 * time.Second, 2 * time.Minute} {
		if inner := innerTimeout(outer); inner >= outer || inner < outer/2 {
			t.Errorf("of %v the test binary gets %v", outer, inner)
		}
	}
}

// The archive is read back by cpio, whatever this package thinks of it.
func TestArchiveAsCpioReadsIt(t *testing.T) {
	host := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(host, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(host, name), []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	write("data/one", "1")
	write("data/sub/three", "333")
	if err := os.Symlink("sub/three", filepath.Join(host, "data/link")); err != nil {
		t.Fatal(err)
	}
	tree := newTree(&libraries{})
	for _, err := range []error{
		tree.symlink("/bin", "usr/bin"),
		tree.file("/bin/tool", []byte("#!"), 0o755), // lands in /usr/bin
		tree.copyFrom("/carried", filepath.Join(host, "data")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var archive bytes.Buffer
	if err := tree.writeTo(&archive); err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	unpackArchive(t, out, &archive)
	for path, want := range map[string]string{
		"usr/bin/tool": "#!", "bin/tool": "#!", "carried/one": "1", "carried/sub/three": "333", "carried/link": "333",
	} {
		if got, err := os.ReadFile(filepath.Join(out, path)); err != nil || string(got) != want {
			t.Errorf("%s = %q, %v; want %q", path, got, err, want)
		}
	}
	if info, err := os.Lstat(filepath.Join(out, "bin")); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("/bin is %v, %v; want a link", info, err)
	}
	if info, err := os.Stat(filepath.Join(out, "carried/one")); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("carried/one has mode %v, %v; want 0640", info, err)
	}
}

// A program brings what it needs: its interpreter, its libraries and theirs.
func TestProgramBringsLibraries(t *testing.T) {
	libs, err := loadLibraries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tree := newTree(libs)
	if err := tree.program("tcpdump"); err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	var archive bytes.Buffer
	if err := tree.writeTo(&archive); err != nil {
		t.Fatal(err)
	}
	unpackArchive(t, root, &archive)
	path, err := findProgram("tcpdump")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "busybox", "chroot", root, path, "--version").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "tcpdump version") {
		t.Errorf("tcpdump alone in its root says %q, %v", out, err)
	}
}

// unpackArchive unpacks as a program of others understands the format.
func unpackArchive(t *testing.T, dir string, archive io.Reader) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "busybox", "cpio", "-i", "-d", "-m")
	cmd.Dir, cmd.Stdin = dir, archive
	if message, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("busybox cpio: %v: %s", err, message)
	}
}

func TestTreeRefusesTangles(t *testing.T) {
	tree := newTree(&libraries{})
	for _, err := range []error{tree.file("/f", nil, 0o644), tree.symlink("/a", "b"), tree.symlink("/b", "a")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := tree.file("/f/below", nil, 0o644); err == nil {
		t.Error("a file below a file was taken")
	}
	if err := tree.file("/a/below", nil, 0o644); err == nil {
		t.Error("a file below a circle of links was taken")
	}
	if err := tree.copyFrom("/null", "/dev/null"); err == nil {
		t.Error("a device was taken for a file")
	}
}

package root

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"limpid/image/cpio"
	"limpid/image/debian"
)

// packages gives folders with these files, each a package of its own; a value that begins with "->" is a symbolic link.
func packages(t *testing.T, files ...[2]string) []debian.Package {
	t.Helper()
	var list []debian.Package
	for _, f := range files {
		root := t.TempDir()
		path := filepath.Join(root, f[0])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		target, isLink := strings.CutPrefix(f[1], "->")
		var err error
		if isLink {
			err = os.Symlink(target, path)
		} else {
			err = os.WriteFile(path, []byte(f[1]), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, debian.Package{Name: "p", Version: "1", Root: root})
	}
	return list
}

// sourcesOf gives the folders of packages.
func sourcesOf(list []debian.Package) sources {
	var s sources
	for _, p := range list {
		s = append(s, p.Root)
	}
	return s
}

func TestFindFollowsLinksAcrossPackages(t *testing.T) {
	from := sourcesOf(packages(t,
		[2]string{"/lib/libx.so.1", "->libx.so.1.2"},
		[2]string{"/lib/libx.so.1.2", "->/usr/lib/libx.so.1.2"},
		[2]string{"/usr/lib/libx.so.1.2", "library"},
		[2]string{"/etc/circle", "->circle"},
	))
	if b, err := from.read("/lib/libx.so.1"); err != nil || string(b) != "library" {
		t.Errorf("read %q, %v", b, err)
	}
	for _, name := range []string{"/etc/circle", "/etc/nothing"} {
		if _, err := from.read(name); err == nil {
			t.Errorf("%s was found", name)
		}
	}
}

func TestLimpidMustBeStatic(t *testing.T) {
	for file, want := range map[string]string{"/bin/ls": "CGO_ENABLED=0", "root_test.go": "read limpid's program"} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := addLimpid(cpio.NewTree(), b); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", file, err, want)
		}
	}
}

// A library that no package has must be named: an image without it would find out on the box.
func TestMissingLibraryIsNamed(t *testing.T) {
	b, err := os.ReadFile("/bin/ls")
	if err != nil {
		t.Fatal(err)
	}
	err = addLibraries(cpio.NewTree(), sourcesOf(packages(t, [2]string{"/lib64/ld-linux-x86-64.so.2", string(b)})), "ls", b)
	if err == nil || !strings.Contains(err.Error(), "no package of the image has the library lib") {
		t.Errorf("error %v", err)
	}
}

func TestCertificates(t *testing.T) {
	const dir = "/usr/share/ca-certificates/mozilla/"
	tree := cpio.NewTree()
	if err := addCertificates(tree, sourcesOf(packages(t, [2]string{dir + "b.crt", "two\n\n"}, [2]string{dir + "a.crt", "one"}))); err != nil {
		t.Fatal(err)
	}
	if err := addCertificates(cpio.NewTree(), sourcesOf(packages(t, [2]string{"/etc/ssl/certs/own.pem", "mine"}))); err == nil {
		t.Error("a package without certificates was taken")
	}
}

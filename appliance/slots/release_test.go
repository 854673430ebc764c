package slots

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const osRelease = "NAME=limpid\nIMAGE_ID=limpid-x86_64\nIMAGE_VERSION=\"1.2.3\"\n"

// archive packs files, in this order, with the real cpio.
func archive(t testing.TB, names []string, content map[string]string) []byte {
	t.Helper()
	dir := t.TempDir()
	for name, text := range content {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), "cpio", "--quiet", "-o", "-H", "newc")
	command.Dir = dir
	command.Stdin = strings.NewReader(strings.Join(names, "\n") + "\n")
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestReadRelease(t *testing.T) {
	slot := archive(t, []string{"options", "release", "rootfs"}, map[string]string{"options": "x", "release": osRelease, "rootfs": "root"})
	want := Release{Version: "1.2.3", Board: "x86_64"}
	if r, err := ReadRelease(bytes.NewReader(append(slot, make([]byte, 4096)...))); err != nil || r != want {
		t.Errorf("%+v, %v", r, err)
	}
	for name, data := range map[string][]byte{
		"cut off": slot[:bytes.Index(slot, []byte("IMAGE_ID"))], "nothing": nil, "erased": make([]byte, 4096), "no release": archive(t, []string{"options"}, map[string]string{"options": "x"}),
		"big release": archive(t, []string{"release"}, map[string]string{"release": strings.Repeat("x", maxRelease+1)}),
	} {
		if r, err := ReadRelease(bytes.NewReader(data)); err == nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestParseRelease(t *testing.T) {
	for text, want := range map[string]Release{
		osRelease:                             {Version: "1.2.3", Board: "x86_64"},
		"IMAGE_ID=debian\nIMAGE_VERSION=12\n": {Version: "12"},
		"NAME=x\nIMAGE_IDS=limpid-y\n=\n":     {},
	} {
		if r := ParseRelease(text); r != want {
			t.Errorf("%q: %+v", text, r)
		}
	}
}

// Whatever lies in a partition is read without a fault, and within bounds.
func FuzzReadRelease(f *testing.F) {
	f.Add(archive(f, []string{"options", "release"}, map[string]string{"options": "x", "release": osRelease}))
	f.Add([]byte("070701" + strings.Repeat("ffffffff", 13)))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ReadRelease(bytes.NewReader(data))
		if err == nil && len(r.Version)+len(r.Board) > maxRelease {
			t.Fatalf("%d bytes", len(r.Version))
		}
	})
}

package slot

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSlot(t *testing.T) {
	s := Slot{Kernel: []byte("kernel"), Root: []byte("root"), Options: "quiet", Release: "ID=limpid\n", Time: time.Unix(0, 0)}
	archive, err := s.Pack()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "cpio", "--extract", "--quiet")
	cmd.Dir = dir
	// What an earlier, longer slot has left behind does not matter.
	cmd.Stdin = strings.NewReader(string(archive) + strings.Repeat("070701 left over", 1000))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cpio: %v\n%s", err, out)
	}
	check := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", SumsName)
	check.Dir = dir
	if out, err := check.CombinedOutput(); err != nil || strings.Count(string(out), ": OK\n") != 4 {
		t.Errorf("sha256sum: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), "grub-editenv", filepath.Join(dir, OptionsName), "list").CombinedOutput()
	if err != nil || string(out) != "options=quiet\n" {
		t.Errorf("grub-editenv lists %q, %v", out, err)
	}
	kernel, err := os.ReadFile(filepath.Join(dir, KernelName))
	if err != nil || string(kernel) != "kernel" {
		t.Errorf("the kernel is %q, %v", kernel, err)
	}
}

func TestSlotRefusesOptions(t *testing.T) {
	if _, err := (Slot{Options: "two\nlines"}).Pack(); err == nil {
		t.Error("options of two lines were packed")
	}
}

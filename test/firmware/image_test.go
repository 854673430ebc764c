package firmware

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"limpid/image/slot"
	"limpid/test/qemu"
)

// repository is the folder of go.mod.
const repository = "../.."

// imageTool runs `go run ./image` of the repository.
func imageTool(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"run", "./image"}, args...)...)
	cmd.Dir = repository
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go run ./image %s: %v\n%s", strings.Join(args, " "), err, complaint.Bytes())
	}
	return string(out)
}

// buildInit gives a program: the process 1 of folder init.
func buildInit(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "init")
	if err := compileInit(t.Context(), program); err != nil {
		t.Fatal(err)
	}
	return program
}

// The image of the development profile, with a process 1 that looks at what is there in limpid's place: its drivers are
// found by alias, every module loads, the programs run, and the file systems can be mounted.
func TestDevImage(t *testing.T) {
	dir := t.TempDir()
	image, second := filepath.Join(dir, "limpid.img"), filepath.Join(dir, "second.img")
	t.Log(imageTool(t, "-limpid", buildInit(t), "-append", "limpid.test=probe", "-o", image))
	if err := os.WriteFile(second, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(second, 64<<20); err != nil {
		t.Fatal(err)
	}
	_, console := start(t, Hardware{Disk: image, Args: []string{
		"-drive", "if=none,id=second,format=raw,file=" + second, "-device", "virtio-blk-pci,drive=second",
		"-device", "virtio-net-pci", "-device", "e1000e", "-device", "i6300esb",
	}})
	for line := range strings.Lines(console) {
		if strings.HasPrefix(line, "probe: ") {
			t.Log(strings.TrimSpace(line))
		}
	}
	if !strings.Contains(console, "probe: all is well") {
		t.Errorf("the root file system does not work; the console's last lines:\n%s", qemu.Tail(console))
	}
}

// What we say modules need is what depmod finds by their symbols.
func TestModuleIndexIsDepmods(t *testing.T) {
	dir := t.TempDir()
	contents := filepath.Join(dir, "slot")
	imageTool(t, "-limpid", buildInit(t), "-slot", contents)
	unpack(t, dir, contents)
	packed, err := os.ReadFile(filepath.Join(dir, slot.RootName))
	if err != nil {
		t.Fatal(err)
	}
	r, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	plain, err := r.DecodeAll(packed, nil)
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(dir, "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(dir, "root.cpio")
	if err := os.WriteFile(archive, plain, 0o600); err != nil {
		t.Fatal(err)
	}
	unpack(t, root, archive)
	folders, err := filepath.Glob(filepath.Join(root, "usr/lib/modules/*"))
	if err != nil || len(folders) != 1 {
		t.Fatalf("module folders %v, %v", folders, err)
	}
	names := []string{"modules.dep", "modules.alias", "modules.softdep"}
	ours := map[string][]string{}
	for _, name := range names {
		ours[name] = sortedLines(t, filepath.Join(folders[0], name))
	}
	if out, err := exec.CommandContext(t.Context(), "depmod", "-b", root, filepath.Base(folders[0])).CombinedOutput(); err != nil {
		t.Fatalf("depmod: %v\n%s", err, out)
	}
	for _, name := range names {
		theirs := sortedLines(t, filepath.Join(folders[0], name))
		if len(ours[name]) < 5 || !slices.Equal(ours[name], theirs) {
			t.Errorf("%s: %d lines, and depmod has %d others:\n%s", name, len(ours[name]), len(theirs), firstDifference(ours[name], theirs))
		}
	}
}

// unpack extracts a cpio archive into dir.
func unpack(t *testing.T, dir, archive string) {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := exec.CommandContext(t.Context(), "cpio", "--extract", "--make-directories", "--quiet")
	cmd.Dir, cmd.Stdin = dir, f
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cpio: %v\n%s", err, out)
	}
}

// sortedLines gives a file's lines without comments, the words of each behind the first sorted as well: the order in which
// needs are named may differ where several are right.
func sortedLines(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) > 0 && words[0] != "#" {
			slices.Sort(words[1:])
			lines = append(lines, strings.Join(words, " "))
		}
	}
	slices.Sort(lines)
	return lines
}

// firstDifference shows the first line that only one list has.
func firstDifference(ours, theirs []string) string {
	for i := range min(len(ours), len(theirs)) {
		if ours[i] != theirs[i] {
			return fmt.Sprintf("ours:   %s\ntheirs: %s", ours[i], theirs[i])
		}
	}
	return "the shorter is a part of the longer"
}

// Two checkouts at different places give the same image, bit for bit.
func TestMakeImageIsReproducible(t *testing.T) {
	var said [2]string
	for i := range said {
		dir := filepath.Join(t.TempDir(), strings.Repeat("deeper/", i)+"checkout")
		copyRepository(t, dir)
		cmd := exec.CommandContext(t.Context(), "make", "image")
		cmd.Dir = dir
		// Whoever runs the tests may have set a version or a time by way of make's own variables.
		cmd.Env = append(os.Environ(), "MAKEFLAGS=", "MAKEOVERRIDES=")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("make image: %v\n%s", err, out)
		}
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, "SHA-256") || strings.Contains(line, "MiB") {
				said[i] += line
			}
		}
	}
	t.Log(said[0])
	if said[0] != said[1] || strings.Count(said[0], "SHA-256") != 2 {
		t.Errorf("two builds differ:\n%s\n%s", said[0], said[1])
	}
}

// copyRepository copies what is not built or downloaded; packages come from the one cache.
func copyRepository(t *testing.T, dir string) {
	t.Helper()
	skip := []string{".git", ".cache", ".tools", "out", "limpid"}
	err := filepath.WalkDir(repository, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(repository, path)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, name)
		switch {
		case slices.Contains(skip, name) && d.IsDir():
			return fs.SkipDir
		case slices.Contains(skip, name):
			return nil
		case d.IsDir():
			return os.MkdirAll(to, 0o755)
		case !d.Type().IsRegular():
			return nil
		}
		return copyFile(path, to)
	})
	if err != nil {
		t.Fatal(err)
	}
	cache, err := filepath.Abs(filepath.Join(repository, ".cache"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(cache, filepath.Join(dir, ".cache")); err != nil {
		t.Fatal(err)
	}
}

// copyFile copies a file with its permissions.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, info.Mode().Perm())
	if err != nil {
		return err
	}
	defer out.Close()
	_, err = io.Copy(out, in)
	return err
}

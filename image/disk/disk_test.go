package disk

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// example is an image with files of sizes around those of sectors and clusters.
func example() Image {
	var files []File
	for _, size := range []int{0, 1, 511, 512, 513, 1024, 4096, 4097, 300_000} {
		files = append(files, File{Path: fmt.Sprintf("limpid/sizes/f%d.bin", size), Data: pattern(size)})
	}
	files = append(files,
		File{Path: "EFI/BOOT/BOOTX64.EFI", Data: pattern(700_000)},
		File{Path: "limpid/bootenv", Data: pattern(1024)},
		File{Path: "readme.txt", Data: []byte("hello\r\n")},
	)
	return Image{ESP: files, Slot: pattern(3_000_000), Time: time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC)}
}

// pattern gives bytes that differ from one sector to the next.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>9)
	}
	return b
}

// writeExample writes an image to a file.
func writeExample(t *testing.T, m Image) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "disk.img"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(Size); err != nil {
		t.Fatal(err)
	}
	if err := m.Write(f); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

// tool runs a program and gives all it prints; it must succeed.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC", "MTOOLS_SKIP_CHECK=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// espOf copies the EFI system partition to a file of its own.
func espOf(t *testing.T, image string) string {
	t.Helper()
	in, err := os.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(filepath.Join(t.TempDir(), "esp.img"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := io.Copy(out, io.NewSectionReader(in, ESPStart, ESPSize)); err != nil {
		t.Fatal(err)
	}
	return out.Name()
}

func TestPartitionTable(t *testing.T) {
	image := writeExample(t, example())
	if said := tool(t, "sgdisk", "--verify", image); !strings.Contains(said, "No problems found") {
		t.Errorf("sgdisk --verify:\n%s", said)
	}
	said := tool(t, "sgdisk", "--print", image)
	for _, want := range []string{
		"1            2048          133119   64.0 MiB    EF00  limpid-esp",
		"2          133120          395263   128.0 MiB   8300  limpid-a",
		"3          395264          657407   128.0 MiB   8300  limpid-b",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("sgdisk --print lacks %q:\n%s", want, said)
		}
	}
	if t.Failed() {
		return
	}
	// On a larger disk the box adds its data partition; nothing of ours stands in its way.
	if err := os.Truncate(image, 2*Size); err != nil {
		t.Fatal(err)
	}
	tool(t, "sgdisk", "--move-second-header", "--new=4:321M:0", image)
	if said := tool(t, "sgdisk", "--verify", image); !strings.Contains(said, "No problems found") {
		t.Errorf("sgdisk --verify after a fourth partition was added:\n%s", said)
	}
}

// Either copy of the table must be complete without the other.
func TestSecondPartitionTable(t *testing.T) {
	image := writeExample(t, example())
	f, err := os.OpenFile(image, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(make([]byte, 33*SectorSize), SectorSize)
	f.Close()
	if err != nil {
		t.Fatal(err)
	}
	if said := tool(t, "sgdisk", "--print", image); !strings.Contains(said, "limpid-b") {
		t.Errorf("sgdisk finds no partitions in the second copy:\n%s", said)
	}
}

func TestFileSystem(t *testing.T) {
	m := example()
	esp := espOf(t, writeExample(t, m))
	said := tool(t, "fsck.vfat", "-n", "-v", esp)
	for _, wrong := range []string{"differ", "wrong", "Wrong", "bad", "Bad", "unused", "Dirty", "corrected"} {
		if strings.Contains(strings.ReplaceAll(said, "Checking for unused clusters", ""), wrong) {
			t.Errorf("fsck.vfat complains (%q):\n%s", wrong, said)
		}
	}
	for _, f := range m.ESP {
		if got := tool(t, "mtype", "-i", esp, "::"+f.Path); got != string(f.Data) {
			t.Errorf("mtools read %s otherwise than it was written: %d bytes, want %d", f.Path, len(got), len(f.Data))
		}
	}
	list := tool(t, "mdir", "-i", esp, "-/", "-b", "::")
	for _, want := range []string{"::/EFI/BOOT/BOOTX64.EFI", "::/limpid/bootenv", "::/limpid/sizes/f513.bin", "::/readme.txt"} {
		if !strings.Contains(list, want+"\n") {
			t.Errorf("mdir does not list %s as it was named:\n%s", want, list)
		}
	}
	if said := tool(t, "mdir", "-i", esp, "::"); !strings.Contains(said, "LIMPID-ESP") || !strings.Contains(said, "2026-01-02   3:04") {
		t.Errorf("mdir shows another label or time:\n%s", said)
	}
}

func TestGRUBReadsTheDisk(t *testing.T) {
	m := example()
	image := writeExample(t, m)
	for _, f := range []File{m.ESP[4], m.ESP[8], m.ESP[10]} {
		if got := tool(t, "grub-fstest", image, "cat", "(loop0,gpt1)/"+f.Path); got != string(f.Data) {
			t.Errorf("GRUB read %s otherwise than it was written: %d bytes, want %d", f.Path, len(got), len(f.Data))
		}
	}
}

// The boot environment is rewritten in place by sector: its sectors must follow one another and be nobody else's.
func TestFilesLieWhole(t *testing.T) {
	m := example()
	file, err := os.Open(writeExample(t, m))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	image := make([]byte, ESPStart+8*mib) // the files fill less
	if _, err := io.ReadFull(file, image); err != nil {
		t.Fatal(err)
	}
	for _, f := range m.ESP {
		if len(f.Data) == 0 {
			continue
		}
		at := bytes.Index(image[ESPStart:], f.Data)
		if at < 0 {
			t.Errorf("%s does not lie in one piece", f.Path)
		} else if len(f.Data) >= SectorSize && at%65536 != 0 {
			t.Errorf("%s begins at byte %d of the partition, which is no multiple of 64 KiB", f.Path, at)
		}
	}
	for _, at := range []int64{SlotAStart, SlotBStart} {
		slot := make([]byte, len(m.Slot))
		if _, err := file.ReadAt(slot, at); err != nil || !bytes.Equal(slot, m.Slot) {
			t.Errorf("the slot at byte %d is not what was given", at)
		}
	}
}

func TestEqualInputGivesEqualBytes(t *testing.T) {
	first, second := recorder{sha256.New()}, recorder{sha256.New()}
	if err := errors.Join(example().Write(first), example().Write(second)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Sum(nil), second.Sum(nil)) {
		t.Error("two images of the same differ")
	}
	other := example()
	other.Slot[100]++
	image := writeExample(t, other)
	if strings.Contains(tool(t, "sgdisk", "--print", image), diskGUID(t, writeExample(t, example()))) {
		t.Error("images of different slots have one disk GUID")
	}
}

// recorder is a disk that keeps a checksum of what is written where.
type recorder struct{ hash.Hash }

func (r recorder) WriteAt(p []byte, off int64) (int, error) {
	fmt.Fprintf(r, "%d at %d\n", len(p), off)
	return r.Write(p)
}

// diskGUID gives what sgdisk prints of the disk's identifier.
func diskGUID(t *testing.T, image string) string {
	t.Helper()
	for line := range strings.Lines(tool(t, "sgdisk", "--print", image)) {
		if _, id, ok := strings.Cut(line, "Disk identifier (GUID): "); ok {
			return strings.TrimSpace(id)
		}
	}
	t.Fatal("sgdisk prints no disk identifier")
	return ""
}

func TestImageRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		m    Image
		want string
	}{
		{"a slot that is too large", Image{Slot: make([]byte, SlotSize+1)}, "do not fit"},
		{"a long name", Image{ESP: []File{{Path: "limpid/environment"}}}, "8.3"},
		{"a long extension", Image{ESP: []File{{Path: "a.html"}}}, "8.3"},
		{"a name of both cases", Image{ESP: []File{{Path: "Readme.txt"}}}, "mixes"},
		{"a space", Image{ESP: []File{{Path: "a b"}}}, "character"},
		{"a file twice", Image{ESP: []File{{Path: "a"}, {Path: "A"}}}, "twice"},
		{"a file below a file", Image{ESP: []File{{Path: "a"}, {Path: "a/b"}}}, "twice"},
		{"a folder that is a file too", Image{ESP: []File{{Path: "a/b"}, {Path: "a"}}}, "twice"},
		{"more than fits", Image{ESP: []File{{Path: "a", Data: make([]byte, ESPSize)}}}, "full"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.m.Write(discard{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
	if err := (fat32{size: 16 * mib}).write(discard{}, nil); err == nil || !strings.Contains(err.Error(), "clusters") {
		t.Errorf("FAT32 in 16 MiB: error %v, want one about clusters", err)
	}
}

// discard is a disk that nobody looks at.
type discard struct{}

func (discard) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }

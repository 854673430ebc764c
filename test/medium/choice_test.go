package medium

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"limpid/appliance/slots"
)

const mib = 1 << 20

// Where the partitions of the test's disk begin, in bytes.
const (
	espStart   = 1 * mib
	slotAStart = 41 * mib
	slotBStart = 43 * mib
)

// program runs a program in dir and gives its output.
func program(t *testing.T, dir, input string, words ...string) []byte {
	t.Helper()
	c := exec.CommandContext(t.Context(), words[0], words[1:]...)
	c.Dir, c.Stdin = dir, strings.NewReader(input)
	c.Env = append(os.Environ(), "MTOOLS_SKIP_CHECK=1")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v: %s", words, err, out)
	}
	return out
}

// grub is GRUB's own interpreter with the configuration of the box, on a disk
// that is a file. The only thing made up is the loading of a kernel.
type grub struct {
	dir, disk string
	env       int64 // of the boot environment in the disk, in bytes
	slot      []byte
}

func newGRUB(t *testing.T) *grub {
	t.Helper()
	g := &grub{dir: t.TempDir()}
	g.disk = filepath.Join(g.dir, "disk")
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(g.dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("disk", nil)
	if err := os.Truncate(g.disk, 46*mib); err != nil {
		t.Fatal(err)
	}
	program(t, g.dir, "label: gpt\nstart=1MiB, size=40MiB, name=limpid-esp\nsize=2MiB, name=limpid-a\nsize=2MiB, name=limpid-b\n", "sfdisk", "--quiet", "disk")
	program(t, g.dir, "", "mkfs.vfat", "-F", "32", "-s", "1", "--offset", "2048", "disk", "40960")
	program(t, g.dir, "", "grub-editenv", "bootenv", "create")
	program(t, g.dir, "", "mmd", "-i", "disk@@1M", "::/limpid")
	program(t, g.dir, "", "mcopy", "-i", "disk@@1M", "bootenv", "::/limpid/bootenv")
	program(t, g.dir, "", "grub-editenv", "options", "create")
	program(t, g.dir, "", "grub-editenv", "options", "set", "options=quiet")
	write("vmlinuz", bytes.Repeat([]byte("kernel"), 1000))
	write("rootfs", bytes.Repeat([]byte("root"), 1000))
	var sums strings.Builder
	for _, name := range []string{"options", "rootfs", "vmlinuz"} {
		data, err := os.ReadFile(filepath.Join(g.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(data), name)
	}
	write("sums", []byte(sums.String()))
	program(t, g.dir, "options\nrootfs\nvmlinuz\nsums\n", "cpio", "--quiet", "-o", "-H", "newc", "-F", "slot")
	var err error
	if g.slot, err = os.ReadFile(filepath.Join(g.dir, "slot")); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile("../../image/grub/grub.cfg")
	if err != nil {
		t.Fatal(err)
	}
	over := strings.Replace(string(config), "\nsleep 10\n", "\nexit\n", 1)
	if over == string(config) {
		t.Fatal("grub.cfg does not end as it did")
	}
	write("grub.cfg", []byte("set cmdpath=(hd0,gpt1)/EFI/BOOT\nfunction linux {\n if [ -e \"$1\" ]; then echo; echo \"boots $2.\"; exit; fi\n return 1\n}\n"+over))
	write("device.map", []byte("(hd0) "+g.disk+"\n"))
	data, err := os.ReadFile(g.disk)
	if err != nil {
		t.Fatal(err)
	}
	if g.env = int64(bytes.Index(data, []byte("# GRUB Environment Block"))); g.env < espStart {
		t.Fatalf("the boot environment lies at %d", g.env)
	}
	return g
}

// boots says what GRUB boots with this boot environment and these slots whole,
// and the environment afterwards.
func (g *grub) boots(t *testing.T, env []byte, whole string) (slot string, after []byte) {
	t.Helper()
	disk, err := os.OpenFile(g.disk, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	if _, err := disk.WriteAt(env, g.env); err != nil {
		t.Fatal(err)
	}
	for letter, at := range map[string]int64{"a": slotAStart, "b": slotBStart} {
		content := g.slot
		if !strings.Contains(whole, letter) {
			content = make([]byte, len(content))
		}
		if _, err := disk.WriteAt(content, at); err != nil {
			t.Fatal(err)
		}
	}
	out := program(t, g.dir, "", "grub-emu", "-m", "device.map", "-d", g.dir)
	if found := regexp.MustCompile(`boots limpid\.slot=([ab])\.`).FindSubmatch(out); found != nil {
		slot = string(found[1])
	}
	after = make([]byte, slots.Size)
	if _, err := disk.ReadAt(after, g.env); err != nil {
		t.Fatal(err)
	}
	return slot, after
}

// slots.Choose is what everything on the box reckons with. Here GRUB itself
// chooses, with its own configuration, for every order, counts and slots that load.
func TestGRUBChoosesAsSlotsDoes(t *testing.T) {
	g := newGRUB(t)
	for _, order := range []string{"ab", "ba"} {
		for _, left := range [][2]uint8{{8, 8}, {7, 8}, {8, 1}, {1, 8}, {8, 0}, {0, 8}, {1, 0}, {0, 1}, {0, 0}, {9, 9}, {2, 3}, {4, 5}, {6, 1}} {
			for _, whole := range []string{"ab", "a", "b", ""} {
				s := slots.State{Order: [2]slots.Slot{slots.A, slots.B}, Left: left}
				if order == "ba" {
					s.Order = [2]slots.Slot{slots.B, slots.A}
				}
				block, err := slots.Block{Variables: []slots.Variable{{Name: "other", Value: "kept \\ here"}}}.WithState(s)
				if err != nil {
					t.Fatal(err)
				}
				g.compare(t, block, s, true, whole)
			}
		}
	}
	for name, variables := range map[string][]slots.Variable{
		"empty":       nil,
		"no count":    {{Name: "order", Value: "ba"}, {Name: "left_a", Value: "8"}},
		"count of 10": {{Name: "order", Value: "ba"}, {Name: "left_a", Value: "10"}, {Name: "left_b", Value: "8"}},
		"order":       {{Name: "order", Value: "bab"}, {Name: "left_a", Value: "8"}, {Name: "left_b", Value: "8"}},
	} {
		block := slots.Block{Variables: variables}
		if s, err := block.State(); err == nil {
			t.Errorf("%s: read as %v", name, s)
		}
		for _, whole := range []string{"ab", "b"} {
			g.compare(t, block, slots.State{}, false, whole)
		}
	}
}

func (g *grub) compare(t *testing.T, block slots.Block, s slots.State, readable bool, whole string) {
	t.Helper()
	env, err := block.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	want, after, ok := slots.Choose(s, readable, func(slot slots.Slot) bool { return strings.Contains(whole, slot.String()) })
	if readable {
		if block, err = block.WithState(after); err != nil {
			t.Fatal(err)
		}
	}
	wantEnv, err := block.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	name := ""
	if ok {
		name = want.String()
	}
	if slot, got := g.boots(t, env, whole); slot != name || !bytes.Equal(got, wantEnv) {
		left, _ := slots.ParseBlock(got)
		t.Errorf("%v, readable %v, whole %q: GRUB boots %q and leaves %q; slots.Choose says %q and %q", s, readable, whole, slot, left.Variables, name, block.Variables)
	}
}

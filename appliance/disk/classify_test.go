package disk

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestClassify(t *testing.T) {
	name := filepath.Join(t.TempDir(), "part")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(200 * mib); err != nil {
		t.Fatal(err)
	}
	check := func(when string, want Content) {
		t.Helper()
		if got, err := classify(f); err != nil || got != want {
			t.Errorf("%s: %v, %v, want %v", when, got, err, want)
		}
	}
	write := func(at int64, length int, b byte) {
		t.Helper()
		data := make([]byte, length)
		for i := range data {
			data[i] = b
		}
		if _, err := f.WriteAt(data, at); err != nil {
			t.Fatal(err)
		}
	}
	check("empty", Blank)
	write(1000, 1, 1)
	check("something of another's", Foreign)
	if err := blank(f, 0, 200*mib); err != nil {
		t.Fatal(err)
	}
	check("cleared", Blank)
	if out, err := exec.CommandContext(t.Context(), "mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", name).CombinedOutput(); err != nil {
		t.Fatalf("mke2fs: %v\n%s", err, out)
	}
	check("formatted", Ext4)
	super := make([]byte, 1024)
	if _, err := f.ReadAt(super, superblock); err != nil {
		t.Fatal(err)
	}
	if size := filesystemSize(super); size != 200*mib {
		t.Errorf("the file system is of %d bytes", size)
	}
	write(0, headLength, 0)
	check("only the spare superblock is left", Ext4)
	write(0, headLength, 0x55)
	check("overwritten", Ext4)
	write(secondSuper, secondLength, 0x55)
	check("all overwritten", Foreign)
	if err := blank(f, 0, 200*mib); err != nil {
		t.Fatal(err)
	}
	check("cleared again", Blank)
}

func TestSmallPartition(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "part"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(leastData); err != nil {
		t.Fatal(err)
	}
	if err := blank(f, 0, leastData); err != nil {
		t.Fatal(err)
	}
	if got, err := classify(f); err != nil || got != Blank {
		t.Errorf("%v, %v", got, err)
	}
}

package poweron

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"limpid/image/grub"
)

// testDisk is a disk with limpid's partitions.
type testDisk struct {
	file *os.File
	size int64 // bytes
}

// newDisk makes one of a size in MiB as an image is: an EFI system partition with a
// file system, two slots, and no data partition.
func newDisk(t *testing.T, size int64) *testDisk {
	t.Helper()
	name := filepath.Join(t.TempDir(), "disk")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if err := f.Truncate(size * mib); err != nil {
		t.Fatal(err)
	}
	run(t, fmt.Sprintf("label: gpt\nstart=%dMiB, size=33MiB, type=U, name=limpid-esp\nstart=%dMiB, size=2MiB, type=L, name=limpid-a\n"+
		"start=%dMiB, size=2MiB, type=L, name=limpid-b\n", espStart/mib, slotStart/mib, slotStart/mib+2), "sfdisk", "--no-reread", "--no-tell-kernel", "-q", name)
	d := &testDisk{f, size * mib}
	esp := filepath.Join(t.TempDir(), "esp")
	run(t, "", "mkfs.vfat", "-C", "-F", "16", esp, "33792")
	// What GRUB leaves behind that has counted the first try of slot a.
	block, err := grub.Env(grub.Variable{Name: "order", Value: "ab"}, grub.Variable{Name: "left_a", Value: "7"}, grub.Variable{Name: "left_b", Value: "8"})
	if err != nil {
		t.Fatal(err)
	}
	bootenv := filepath.Join(t.TempDir(), "bootenv")
	if err := os.WriteFile(bootenv, block, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "", "mmd", "-i", esp, "::/limpid")
	run(t, "", "mcopy", "-i", esp, bootenv, "::/limpid/bootenv")
	d.put(t, esp, espStart)
	return d
}

// nbd is the disk as a machine gets it.
func (d *testDisk) nbd() *NBD { return &NBD{File: d.file, Size: d.size} }

// put copies a file to a place of the disk.
func (d *testDisk) put(t *testing.T, name string, at int64) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.file.WriteAt(data, at); err != nil {
		t.Fatal(err)
	}
}

// addData adds a data partition that fills the disk, with the contents of a file.
func (d *testDisk) addData(t *testing.T, name string) {
	t.Helper()
	run(t, fmt.Sprintf("start=%dMiB, size=%dMiB, type=L, name=limpid-data\n", dataStart/mib, d.dataSize()/mib),
		"sfdisk", "--append", "--no-reread", "--no-tell-kernel", "-q", d.file.Name())
	d.put(t, name, dataStart)
}

func (d *testDisk) dataSize() int64 { return d.size - dataStart - mib }

// run runs a program.
func run(t *testing.T, input, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stdin = strings.NewReader(input)
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
	return string(out)
}

// take copies the data partition to a file.
func (d *testDisk) take(t *testing.T, name string) {
	t.Helper()
	data := make([]byte, d.dataSize())
	if _, err := d.file.ReadAt(data, dataStart); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// putOnESP copies a file to the root of the EFI system partition.
func (d *testDisk) putOnESP(t *testing.T, name string) {
	t.Helper()
	run(t, "", "mcopy", "-i", fmt.Sprintf("%s@@%d", d.file.Name(), espStart), name, "::/")
}

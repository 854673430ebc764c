package disk

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const mib = 1 << 20

// newDisk makes a disk as image does, of a size in MiB: its partitions fill the first 321.
func newDisk(t *testing.T, size int64) *os.File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "disk")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if err := f.Truncate(322 * mib); err != nil {
		t.Fatal(err)
	}
	partition(t, name, "label: gpt\nstart=1MiB, size=64MiB, type=U, name=limpid-esp\nstart=65MiB, size=128MiB, type=L, name=limpid-a\n"+
		"start=193MiB, size=128MiB, type=L, name=limpid-b\n")
	if err := f.Truncate(size * mib); err != nil {
		t.Fatal(err)
	}
	return f
}

func partition(t *testing.T, name, script string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sfdisk", "--no-reread", "--no-tell-kernel", name)
	cmd.Stdin = strings.NewReader(script)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("sfdisk: %v\n%s", err, out)
	}
}

// sgdisk asks the tool that knows the format best.
func sgdisk(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "sgdisk", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("sgdisk %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func TestDataPartitionIsMade(t *testing.T) {
	f := newDisk(t, 1000)
	before := sgdisk(t, "-p", f.Name())
	table, err := ReadTable(f, 512)
	if err != nil {
		t.Fatal(err)
	}
	c, err := table.Claim(1000 * mib / 512)
	want := Claim{Number: 4, Made: true, Start: 321 * mib, Size: (1000 - 321 - 1) * mib, Changed: true}
	if err != nil || c != want {
		t.Fatalf("%+v, %v, want %+v", c, err, want)
	}
	if err := table.Write(f); err != nil {
		t.Fatal(err)
	}
	if text := sgdisk(t, "-v", f.Name()); !strings.Contains(text, "No problems found") {
		t.Errorf("sgdisk says: %s", text)
	}
	after := sgdisk(t, "-p", f.Name())
	for line := range strings.SplitSeq(before[strings.Index(before, "Number"):], "\n") {
		if !strings.Contains(after, line) {
			t.Errorf("%q is gone", line)
		}
	}
	info := sgdisk(t, "-i", "4", f.Name())
	if !strings.Contains(info, "Partition name: 'limpid-data'") || !strings.Contains(info, "(Linux filesystem)") {
		t.Error(info)
	}
	// Again, and there is nothing to do.
	if table, err = ReadTable(f, 512); err != nil {
		t.Fatal(err)
	}
	want.Made, want.Changed = false, false
	if c, err := table.Claim(1000 * mib / 512); err != nil || c != want {
		t.Errorf("%+v, %v, want %+v", c, err, want)
	}
	// On a larger disk it grows.
	if err := f.Truncate(2000 * mib); err != nil {
		t.Fatal(err)
	}
	want.Grown, want.Changed, want.Size = true, true, (2000-321-1)*mib
	if c, err := table.Claim(2000 * mib / 512); err != nil || c != want {
		t.Errorf("%+v, %v, want %+v", c, err, want)
	}
	if err := table.Write(f); err != nil {
		t.Fatal(err)
	}
	if text := sgdisk(t, "-v", f.Name()); !strings.Contains(text, "No problems found") {
		t.Errorf("sgdisk says: %s", text)
	}
}

func TestClaimLeavesAlone(t *testing.T) {
	for name, c := range map[string]struct {
		size   int64 // MiB
		change func(*Table)
		want   Claim
		err    string
	}{
		"no room":          {322, nil, Claim{}, ""},
		"no worthy room":   {328, nil, Claim{}, ""},
		"another's disk":   {1000, func(x *Table) { x.entries[1].setName("root") }, Claim{}, "has not limpid's partitions"},
		"two of one name":  {1000, func(x *Table) { x.entries[9] = x.entries[0] }, Claim{}, "has not limpid's partitions"},
		"a disk too small": {300, nil, Claim{}, "smaller than its partition table says"},
		"something behind the data": {1000, func(x *Table) {
			x.entries[3] = Entry{kind: dataType(), first: 321 * 2048, last: 400*2048 - 1}
			x.entries[3].setName(DataName)
			x.entries[4] = Entry{kind: dataType(), first: 500 * 2048, last: 600*2048 - 1}
		}, Claim{Number: 4, Start: 321 * mib, Size: 79 * mib}, ""},
		"a partition of the user's behind the slots": {1000, func(x *Table) {
			x.entries[3] = Entry{kind: dataType(), first: 400 * 2048, last: 500*2048 - 1}
		}, Claim{Number: 5, Made: true, Changed: true, Start: 500 * mib, Size: 499 * mib}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			table, err := ReadTable(newDisk(t, 322), 512)
			if err != nil {
				t.Fatal(err)
			}
			if c.change != nil {
				c.change(table)
			}
			got, err := table.Claim(c.size * mib / 512)
			if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%+v, %v, want %+v, %q", got, err, c.want, c.err)
			}
		})
	}
}

// A byte that is not what it was, anywhere in the first copy, is noticed.
func TestDamagedTableIsNotChanged(t *testing.T) {
	f := newDisk(t, 322)
	for _, at := range []int64{512, 512 + 8, 512 + 16, 512 + 24, 512 + 72, 512 + 80, 512 + 88, 1024, 1024 + 130, 1024 + 127*128} {
		was := make([]byte, 1)
		if _, err := f.ReadAt(was, at); err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte{was[0] ^ 0x10}, at); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadTable(f, 512); !errors.Is(err, ErrNoTable) {
			t.Errorf("byte %d: %v", at, err)
		}
		if _, err := f.WriteAt(was, at); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ReadTable(f, 512); err != nil {
		t.Error(err)
	}
}

// What a power cut leaves at any point of Write is a disk with the old table or
// the new one, as the kernel would choose: the first copy, if whole, else the second.
func TestPowerCutWhileTheTableIsWritten(t *testing.T) {
	f := newDisk(t, 1000)
	table, err := ReadTable(f, 512)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := table.Claim(1000 * mib / 512); err != nil {
		t.Fatal(err)
	}
	for cut := 0; ; cut++ {
		name := filepath.Join(t.TempDir(), strconv.Itoa(cut))
		if out, err := exec.CommandContext(t.Context(), "cp", "--sparse=always", f.Name(), name).CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
		copied, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		w := &cutWriter{File: copied, left: cut}
		err = table.Write(w)
		copied.Close()
		// sgdisk goes on with the copy that is whole, and complains of the other.
		out, sgErr := exec.CommandContext(t.Context(), "sgdisk", "-p", name).CombinedOutput()
		if sgErr != nil || !strings.Contains(string(out), "limpid-b") {
			t.Errorf("cut after %d writes: %v\n%s", cut, sgErr, out)
		}
		if err == nil {
			if cut != 4 || !strings.Contains(string(out), DataName) {
				t.Errorf("%d writes, and then\n%s", cut, out)
			}
			return
		}
	}
}

// cutWriter fails after so many writes.
type cutWriter struct {
	*os.File
	left int
}

func (w *cutWriter) WriteAt(p []byte, off int64) (int, error) {
	if w.left == 0 {
		return 0, errors.New("no power")
	}
	w.left--
	return w.File.WriteAt(p, off)
}

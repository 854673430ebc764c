package slots

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// fresh makes a file of a new disk, as grub-editenv does with our variables.
func fresh(t *testing.T) File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bootenv")
	editenv(t, path, "create")
	editenv(t, path, "set", "order=ab", "left_a=7", "left_b=8", "kept=by others")
	return File(path)
}

func content(t *testing.T, f File) []byte {
	t.Helper()
	data, err := os.ReadFile(string(f))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestFileIsChangedInPlace(t *testing.T) {
	f := fresh(t)
	before, err := os.Stat(string(f))
	if err != nil {
		t.Fatal(err)
	}
	data := content(t, f)
	if s, err := f.Commit(A); err != nil || s != First() {
		t.Fatalf("%v, %v", s, err)
	}
	after, err := os.Stat(string(f))
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, after) || after.Size() != Size {
		t.Errorf("it is another file, or of %d bytes", after.Size())
	}
	if !bytes.Equal(content(t, f)[Sector:], data[Sector:]) {
		t.Error("the second sector has changed")
	}
	if got, want := editenv(t, string(f), "list"), "order=ab\nleft_a=8\nleft_b=8\nkept=by others\n"; got != want {
		t.Errorf("grub-editenv lists\n%swant\n%s", got, want)
	}
}

func TestChangeThatFailsWritesNothing(t *testing.T) {
	f := fresh(t)
	before := content(t, f)
	if _, err := f.Change(func(s State) (State, error) { return Begin(s, A) }); !errors.Is(err, ErrUncommitted) {
		t.Error(err)
	}
	if _, err := f.Change(func(State) (State, error) { return State{}, nil }); err == nil {
		t.Error("a state that is none was written")
	}
	if !bytes.Equal(content(t, f), before) {
		t.Error("the file has changed")
	}
}

func TestUnreadableFile(t *testing.T) {
	for name, data := range map[string][]byte{
		"gone": nil, "empty": {}, "zeros": make([]byte, Size), "short": text("")[:100], "no state": text("order=no\n"), "long": append(text("order=ab\nleft_a=1\nleft_b=1\n"), 'x'),
	} {
		t.Run(name, func(t *testing.T) {
			f := File(filepath.Join(t.TempDir(), "bootenv"))
			if data != nil {
				if err := os.WriteFile(string(f), data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := f.Read(); !errors.Is(err, ErrUnreadable) {
				t.Errorf("read: %v", err)
			}
			if _, err := f.Change(func(s State) (State, error) { return Begin(s, B) }); err == nil {
				t.Error("an update may begin")
			}
			want := State{Order: [2]Slot{B, A}, Left: [2]uint8{0, Full}}
			if s, err := f.Commit(B); err != nil || s != want {
				t.Errorf("commit: %v, %v", s, err)
			}
			if got := editenv(t, string(f), "list"); got != "order=ba\nleft_a=0\nleft_b=8\n" {
				t.Errorf("grub-editenv lists\n%s", got)
			}
		})
	}
}

// What the disk cannot read is to be written anew too. The kernel gives EIO for what lies at
// the beginning of this process's memory, and takes nothing for it either.
func TestFileThatCannotBeRead(t *testing.T) {
	f := File("/proc/self/mem")
	if _, err := f.Read(); !errors.Is(err, ErrUnreadable) || !errors.Is(err, unix.EIO) {
		t.Errorf("read: %v", err)
	}
	if _, err := f.Count(A); !errors.Is(err, ErrUnreadable) {
		t.Errorf("count: %v", err)
	}
	if _, err := f.Commit(A); err == nil || !strings.Contains(err.Error(), "write boot environment") {
		t.Errorf("commit has not come to write: %v", err)
	}
}

func TestFileCounts(t *testing.T) {
	f := fresh(t)
	before := content(t, f)
	if s, err := f.Count(A); err != nil || s.Uncounted || !bytes.Equal(content(t, f), before) {
		t.Errorf("a boot that GRUB has counted: %v, %v", s, err)
	}
	if _, err := f.Commit(A); err != nil {
		t.Fatal(err)
	}
	if s, err := f.Count(A); err != nil || !s.Uncounted {
		t.Errorf("a boot that GRUB has not counted: %v, %v", s, err)
	}
	if got, want := editenv(t, string(f), "list"), "order=ab\nleft_a=7\nleft_b=8\nkept=by others\ncounted=no\n"; got != want {
		t.Errorf("grub-editenv lists\n%swant\n%s", got, want)
	}
	if s, err := f.Commit(A); err != nil || !s.Uncounted {
		t.Errorf("the commit forgets it: %v, %v", s, err)
	}
	editenv(t, string(f), "set", "left_a=7")
	if s, err := f.Count(A); err != nil || s.Uncounted {
		t.Errorf("counted again: %v, %v", s, err)
	}
	if got, want := editenv(t, string(f), "list"), "order=ab\nleft_a=7\nleft_b=8\nkept=by others\ncounted=yes\n"; got != want {
		t.Errorf("grub-editenv lists\n%swant\n%s", got, want)
	}
}

func TestChangesDoNotCross(t *testing.T) {
	f := fresh(t)
	if _, err := f.Change(func(s State) (State, error) { s.Left = [2]uint8{0, 0}; return s, nil }); err != nil {
		t.Fatal(err)
	}
	var together sync.WaitGroup
	for range 9 {
		for slot := range Slot(2) {
			together.Go(func() {
				if _, err := f.Change(func(s State) (State, error) { s.Left[slot]++; return s, nil }); err != nil {
					t.Error(err)
				}
			})
		}
	}
	together.Wait()
	if s, err := f.Read(); err != nil || s.Left != [2]uint8{9, 9} {
		t.Errorf("%v, %v", s, err)
	}
}

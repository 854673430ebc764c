package slots

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// text gives a block with these bytes behind the first line.
func text(body string) []byte {
	data := append([]byte(signature), body...)
	return append(data, bytes.Repeat([]byte("#"), max(0, Size-len(data)))...)
}

func TestParseBlock(t *testing.T) {
	for name, test := range map[string]struct {
		data []byte
		want []Variable
	}{
		"empty":               {text(""), nil},
		"comment":             {text("# WARNING: a=b\nx=1\n"), []Variable{{"x", "1"}}},
		"comment with escape": {text("# a\\\nb=1\nx=1\n"), []Variable{{"x", "1"}}},
		"escapes":             {text("x=a\\\\b\\\nc\\d\n"), []Variable{{"x", "a\\b\ncd"}}},
		"twice":               {text("x=1\nx=2\n"), []Variable{{"x", "1"}, {"x", "2"}}},
		"no end":              {text("x=1\ny=2"), []Variable{{"x", "1"}}},
		"no equals":           {text("x=1\ny\n"), []Variable{{"x", "1"}}},
		"name of two lines":   {text("y\nx=1\n"), []Variable{{"y\nx", "1"}}},
		"nothing":             {text("=\n"), []Variable{{"", ""}}},
		"escape at the end":   {append(text("")[:Size-3], "x=\\"...), nil},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := ParseBlock(test.data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, b.Variables); diff != "" {
				t.Error(diff)
			}
		})
	}
	for name, data := range map[string][]byte{
		"short": text("")[:Size-1], "long": append(text(""), '#'), "empty": nil, "zeros": make([]byte, Size),
	} {
		if _, err := ParseBlock(data); !errors.Is(err, ErrUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBlockBytesRefuses(t *testing.T) {
	for name, b := range map[string]Block{
		"comment as a name": {[]Variable{{"#x", "1"}}},
		"equals in a name":  {[]Variable{{"x=y", "1"}}},
		"more than a sector": {[]Variable{{"x", strings.Repeat("y",
			Sector-len(signature)-len("x=\n")+1)}}},
	} {
		if data, err := b.Bytes(); err == nil {
			t.Errorf("%s: written: %q", name, data)
		}
	}
	full := Block{[]Variable{{"x", strings.Repeat("y", Sector-len(signature)-len("x=\n"))}}}
	data, err := full.Bytes()
	if err != nil || len(data) != Size || !bytes.Equal(data[Sector:], bytes.Repeat([]byte("#"), Size-Sector)) {
		t.Errorf("a full sector: %d bytes, %v", len(data), err)
	}
}

// editenv runs the real grub-editenv.
func editenv(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "grub-editenv", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("grub-editenv %v: %v: %s", args, err, out)
	}
	return string(out)
}

// What we write GRUB's own tool reads, and changes, and we read that again.
func TestBlockAndGrubEditenv(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bootenv")
	b, err := Block{[]Variable{{"other", "back\\slash and = and #"}}}.WithState(First())
	if err != nil {
		t.Fatal(err)
	}
	data, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := editenv(t, path, "list"), "other=back\\slash and = and #\norder=ab\nleft_a=8\nleft_b=8\n"; got != want {
		t.Errorf("grub-editenv lists\n%swant\n%s", got, want)
	}
	editenv(t, path, "set", "left_a=3", "order=ba", "new=two\nlines")
	editenv(t, path, "unset", "other")
	data, err = os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err = ParseBlock(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Variable{{"order", "ba"}, {"left_a", "3"}, {"left_b", "8"}, {"new", "two\nlines"}}, b.Variables); diff != "" {
		t.Error(diff)
	}
	again, err := b.Bytes()
	if err != nil || !bytes.Equal(again, data) {
		t.Errorf("written again it differs: %v\n%q\n%q", err, again, data)
	}
	// A block that grub-editenv itself has made.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	editenv(t, path, "create")
	editenv(t, path, "set", "order=ab", "left_a=1", "left_b=0")
	s, err := File(path).Read()
	if want := (State{Order: [2]Slot{A, B}, Left: [2]uint8{1, 0}}); err != nil || s != want {
		t.Errorf("%v, %v, want %v", s, err, want)
	}
}

// Whatever is read can be written, if it fits, and is then read the same.
func FuzzParseBlock(f *testing.F) {
	f.Add(text("order=ab\nleft_a=8\nleft_b=0\n"))
	f.Add(text("# WARNING\nx=a\\\\b\\\nc\n"))
	f.Add(text("=\n=\n#\n\n=x\n"))
	f.Add(text("x=1\\"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := ParseBlock(data)
		if err != nil {
			// A block is nearly never hit by chance: take the data for what lies behind the first line.
			if b, err = ParseBlock(text(string(data[:min(len(data), Size-len(signature))]))); err != nil {
				t.Fatal(err)
			}
		}
		if s, err := b.State(); err == nil {
			written, err := b.WithState(s)
			if err != nil {
				t.Fatalf("state %v cannot be written: %v", s, err)
			}
			if again, err := written.State(); err != nil || again != s {
				t.Fatalf("state %v became %v, %v", s, again, err)
			}
		}
		out, err := b.Bytes()
		if err != nil {
			return
		}
		again, err := ParseBlock(out)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(b, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

package metrics

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestUsageOfThisProcess(t *testing.T) {
	before, err := readUsage(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
	}
	after, err := readUsage(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	// The runtime may open one or two of its own meanwhile.
	if n := after.descriptors - before.descriptors; n < 50 || n > 55 {
		t.Errorf("%d descriptors more, want 50", n)
	}
	if before.resident < 1<<20 || before.resident > 1<<34 {
		t.Errorf("resident memory is %d bytes", before.resident)
	}
	if after.cpu < before.cpu {
		t.Errorf("processor time fell from %v to %v", before.cpu, after.cpu)
	}
}

func TestUsageOfNobody(t *testing.T) {
	if u, err := readUsage(1 << 30); err == nil {
		t.Errorf("got %+v of a process that cannot be", u)
	}
}

func TestStat(t *testing.T) {
	// Numbers are those of proc_pid_stat(5).
	fields := func(threads string) string {
		f := make([]string, 50)
		for i := range f {
			f[i] = "7"
		}
		f[2], f[13], f[14], f[19], f[23] = "S", "150", "25", threads, "3"
		return strings.Join(f[2:], " ")
	}
	for name, c := range map[string]struct {
		text string
		want string // of the error
	}{
		"plain":                   {"12 (limpid) " + fields("4"), ""},
		"brackets in the name":    {"12 (a) b (c) " + fields("4"), ""},
		"fields in the name":      {"12 (S 1 2 3 4 5 6 7 8 9) " + fields("4"), ""},
		"being reaped":            {"12 (limpid) " + fields("0"), "gone"},
		"cut short":               {"12 (limpid) S 1 2 3", "too few"},
		"no name":                 {fields("4"), "too few"},
		"empty":                   {"", "too few"},
		"not a number":            {"12 (limpid) " + strings.ReplaceAll(fields("4"), "150", "x"), "field 14"},
		"larger than any counter": {"12 (limpid) " + strings.ReplaceAll(fields("4"), " 25 ", " 99999999999999999999 "), "field 15"},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := parseStat(c.text)
			switch {
			case c.want == "":
				if want := (usage{cpu: 1750 * time.Millisecond, resident: 3 * uint64(os.Getpagesize())}); err != nil || u != want {
					t.Errorf("%+v, %v, want %+v", u, err, want)
				}
			case err == nil || !strings.Contains(err.Error(), c.want):
				t.Errorf("%+v, %v, want an error with %q", u, err, c.want)
			}
		})
	}
}

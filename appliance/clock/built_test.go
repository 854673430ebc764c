package clock

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestBuilt(t *testing.T) {
	for text, want := range map[string]int64{
		"NAME=limpid\nBUILD_ID=1763000000\n": 1763000000, "BUILD_ID=\"1763000001\"": 1763000001,
		"NAME=limpid\n": 0, "BUILD_ID=today\n": 0, "": 0,
	} {
		path := filepath.Join(t.TempDir(), "os-release")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := Built(path); want == 0 && !got.IsZero() || want != 0 && got.Unix() != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if got := Built(filepath.Join(t.TempDir(), "none")); !got.IsZero() {
		t.Errorf("no file: %v", got)
	}
}

func TestDoubt(t *testing.T) {
	built := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		at    time.Time
		doubt string
	}{
		{built, ""}, {built.AddDate(19, 0, 0), ""},
		{built.Add(-time.Second), "2026-10-31 23:59:59 is before this firmware was built (2026-11-01)"},
		{time.Unix(0, 0), "1970-01-01 00:00:00 is before"},
		{built.AddDate(21, 0, 0), "2047-11-01 00:00:00 is more than 20 years after"},
	} {
		err := Doubt(c.at, built)
		if (err == nil) != (c.doubt == "") || err != nil && !strings.Contains(err.Error(), c.doubt) {
			t.Errorf("%v: %v", c.at, err)
		}
	}
	for _, at := range []time.Time{time.Unix(0, 0), built.AddDate(30, 0, 0)} {
		if err := Doubt(at, time.Time{}); err == nil {
			t.Errorf("%v is believed where nobody knows when the firmware was built", at)
		}
	}
	if err := Doubt(built, time.Time{}); err != nil {
		t.Error(err)
	}
}

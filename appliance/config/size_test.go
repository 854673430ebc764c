package config

import (
	"math"
	"testing"
	"time"
)

func TestParseSize(t *testing.T) {
	for text, want := range map[string]Size{
		"0": 0, "1": 1, "1536": 1536, "7B": 7, "1KiB": 1024, "256MiB": 256 << 20, "3GiB": 3 << 30, "0GiB": 0, "007": 7,
		"9223372036854775807": math.MaxInt64, "8589934591GiB": 8589934591 << 30,
	} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%s: got %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "B", "MiB", "1 MiB", " 1", "1kib", "1KB", "1K", "1.5GiB", "-1", "+1", "0x10", "1_000", "9223372036854775808", "8589934592GiB", "99999999999999999999999B"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q: got %d, want an error", text, got)
		}
	}
}

func TestSizeString(t *testing.T) {
	for size, want := range map[Size]string{
		0: "0", 1: "1B", 1023: "1023B", KiB: "1KiB", 1536: "1536B", 1536 * KiB: "1536KiB", MiB: "1MiB", 1024 * MiB: "1GiB", math.MaxInt64: "9223372036854775807B",
	} {
		got := size.String()
		if got != want {
			t.Errorf("%d prints %s, want %s", int64(size), got, want)
		}
		if back, err := ParseSize(got); err != nil || back != size {
			t.Errorf("%s reads back as %d, %v", got, back, err)
		}
	}
}

func TestBrief(t *testing.T) {
	for d, want := range map[time.Duration]string{
		50 * time.Millisecond: "50ms", time.Second: "1s", time.Minute: "1m", 90 * time.Second: "1m30s", 10 * time.Minute: "10m", time.Hour: "1h",
		time.Hour + 10*time.Minute: "1h10m", time.Hour + time.Second: "1h0m1s",
	} {
		if got := brief(d); got != want {
			t.Errorf("%v prints %s, want %s", d, got, want)
		}
	}
}

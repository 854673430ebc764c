package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes, 0 or more.
type Size int64

// The units that ParseSize knows. Decimal ones (kB, MB) are refused: nobody agrees on what they are.
const (
	KiB Size = 1 << 10
	MiB Size = 1 << 20
	GiB Size = 1 << 30
)

// ParseSize reads a whole number with a unit (B, KiB, MiB, GiB) or without one (bytes).
func ParseSize(s string) (Size, error) {
	digits := strings.TrimLeft(s, "0123456789")
	number, unit := s[:len(s)-len(digits)], digits
	factor := Size(1)
	switch unit {
	case "", "B":
	case "KiB":
		factor = KiB
	case "MiB":
		factor = MiB
	case "GiB":
		factor = GiB
	default:
		number = ""
	}
	if number == "" {
		return 0, fmt.Errorf(`%s is not a size; write a whole number with B, KiB, MiB or GiB, like "256MiB"`, quote(s))
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n > math.MaxInt64/int64(factor) {
		return 0, fmt.Errorf("%s is too big; use less than 8589934592GiB", quote(s))
	}
	return Size(n) * factor, nil
}

// String is the size as ParseSize reads it, in the largest unit that keeps it whole.
func (s Size) String() string {
	switch {
	case s == 0:
		return "0"
	case s%GiB == 0:
		return fmt.Sprintf("%dGiB", int64(s/GiB))
	case s%MiB == 0:
		return fmt.Sprintf("%dMiB", int64(s/MiB))
	case s%KiB == 0:
		return fmt.Sprintf("%dKiB", int64(s/KiB))
	default:
		return fmt.Sprintf("%dB", int64(s))
	}
}

// MarshalText is String, for the TOML encoder.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

package config

import (
	"strings"
	"time"
)

// brief prints a duration without the zero units that time.Duration adds: 10m0s becomes 10m.
func brief(d time.Duration) string {
	s := d.String() // "1h0m0s": a unit is dropped only behind another one, so that "10m" keeps its zero
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

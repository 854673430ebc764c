package clock

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// ReleasePath is where an image says when it was built.
const ReleasePath = "/etc/os-release"

// Built is BUILD_ID of the image, in seconds since 1970: no time before it can be true.
// It is zero where nobody says it.
func Built(path string) time.Time {
	text, err := os.ReadFile(path)
	if err != nil {
		return time.Time{}
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "BUILD_ID="); ok {
			n, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 64)
			if err != nil {
				return time.Time{}
			}
			return time.Unix(n, 0)
		}
	}
	return time.Time{}
}

// Doubt says why a time cannot be true on a box whose firmware was built then; nil: it can.
// Where nobody knows when it was, it was not before this was written.
func Doubt(t, built time.Time) error {
	if built.IsZero() {
		built = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	switch {
	case t.Before(built):
		return fmt.Errorf("%s is before this firmware was built (%s)", t.UTC().Format(time.DateTime), built.UTC().Format(time.DateOnly))
	case tooFar(t, built):
		return fmt.Errorf("%s is more than 20 years after this firmware was built (%s)", t.UTC().Format(time.DateTime), built.UTC().Format(time.DateOnly))
	}
	return nil
}

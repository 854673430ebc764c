package config

import (
	"fmt"
	"time"
	_ "time/tzdata" // a box has no zones of its own
)

// maxTimezone bounds the name of a zone, in bytes; the longest there is has 32.
const maxTimezone = 64

// takeTimezone accepts a name of the IANA database. "Local" is the name of what a host is set to, and "" is one of UTC's:
// a box is to be told.
func takeTimezone(to *string) func(string) error {
	return func(s string) error {
		known := s != "" && s != "Local" && len(s) <= maxTimezone
		if known {
			_, err := time.LoadLocation(s)
			known = err == nil
		}
		if !known {
			return fmt.Errorf(`%s is no time zone known here; write one like "Europe/Berlin" or "America/New_York", or "UTC"`, quote(s))
		}
		*to = s
		return nil
	}
}

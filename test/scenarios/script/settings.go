package script

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Settings are keys of limpid's section [proxy] that a scenario may set; what is
// zero is left at its default.
type Settings struct {
	// NonHTTP is what limpid does with what is not HTTP: "tunnel" or "reset".
	NonHTTP string
	// HeadLimit and LineLimit are in bytes.
	HeadLimit, LineLimit, FieldsLimit     int
	HeadTimeout, BodyTimeout, IdleTimeout time.Duration
}

// maxDeadline keeps scenarios short.
const maxDeadline = 5 * time.Second

// set takes one key, and says whether there is such a one.
func (s *Settings) set(key, value string) (known bool, err error) {
	if key == "non_http" {
		if s.NonHTTP = value; value != "tunnel" && value != "reset" {
			err = fmt.Errorf("non_http %q: want tunnel or reset", value)
		}
		return true, err
	}
	if to := s.limit(key); to != nil {
		n, err := size(value)
		*to = int(n)
		return true, err
	}
	if to := s.deadline(key); to != nil {
		if *to, err = time.ParseDuration(value); err == nil && (*to <= 0 || *to > maxDeadline) {
			err = fmt.Errorf("%s %v: want more than 0 and at most %v", key, *to, maxDeadline)
		}
		return true, err
	}
	return false, nil
}

func (s *Settings) limit(key string) *int {
	switch key {
	case "head_limit":
		return &s.HeadLimit
	case "line_limit":
		return &s.LineLimit
	case "fields_limit":
		return &s.FieldsLimit
	}
	return nil
}

func (s *Settings) deadline(key string) *time.Duration {
	switch key {
	case "head_timeout":
		return &s.HeadTimeout
	case "body_timeout":
		return &s.BodyTimeout
	case "idle_timeout":
		return &s.IdleTimeout
	}
	return nil
}

// TOML is what section [proxy] of limpid.toml must hold.
func (s Settings) TOML() string {
	var b strings.Builder
	line := func(key, value string) { fmt.Fprintf(&b, "%s = %s\n", key, value) }
	line("non_http", strconv.Quote(s.NonHTTP))
	for _, key := range []string{"head_limit", "line_limit", "fields_limit"} {
		if n := *s.limit(key); n > 0 {
			line(key, strconv.Itoa(n))
		}
	}
	for _, key := range []string{"head_timeout", "body_timeout", "idle_timeout"} {
		if d := *s.deadline(key); d > 0 {
			line(key, strconv.Quote(d.String()))
		}
	}
	return b.String()
}

// String is what is set, in one line.
func (s Settings) String() string {
	return strings.NewReplacer("\n", ",", " ", "", `"`, "").Replace(strings.TrimSuffix(s.TOML(), "\n"))
}

package config

import (
	"fmt"
	"path"
	"strings"
	"unicode"
)

// takePath accepts an absolute path.
func takePath(to *string) func(string) error {
	return func(s string) error {
		switch {
		case !path.IsAbs(s):
			return fmt.Errorf("%s is not an absolute path; begin it with /", quote(s))
		case strings.ContainsFunc(s, unicode.IsControl):
			return fmt.Errorf("%s holds a control character; take it out", quote(s))
		}
		*to = s
		return nil
	}
}

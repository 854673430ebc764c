package config

import (
	"fmt"
	"io"
)

// Check reads the file at path as Load does. A good one is reported to w in two lines: that it is, and what it comes
// to. The error is Load's.
func Check(w io.Writer, path string) error {
	c, err := Load(path)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "%s: ok\n%s\n", path, c.Summary()); err != nil {
		return fmt.Errorf("print the result of the check: %w", err)
	}
	return nil
}

package control

import (
	"encoding/json"
	"fmt"
	"time"
)

// Duration is a time.Duration written like "10m" (time.ParseDuration).
type Duration time.Duration

// MarshalJSON writes the text form.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads the text form; numbers are refused, having no unit.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return fmt.Errorf("read duration %s: want a text like \"10m\"", b)
	}
	v, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("read duration %q: want a number and a unit, like \"90s\" or \"10m\"", text)
	}
	*d = Duration(v)
	return nil
}

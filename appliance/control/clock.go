package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// clockPath is where a person sets the box's clock.
const clockPath = "/v1/clock"

// Clock is the body of PUT /v1/clock, and what it answers: the time by the box's clock.
type Clock struct {
	Time time.Time `json:"time"`
}

// ClockSetter is the part of a Backend that sets the clock.
type ClockSetter interface {
	// SetClock is refused where the clock is somebody else's: a host's, or time servers'.
	SetClock(ctx context.Context, at time.Time) (Clock, error)
}

func putClock(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
	c, err := bodyOf[Clock](r)
	if err != nil {
		return nil, err
	}
	if c.Time.IsZero() {
		return nil, Refuse(errors.New(`set the clock: give "time", like 2026-01-31T03:00:00Z`))
	}
	return b.SetClock(r.Context(), c.Time)
}

// SetClock sets the box's clock.
func (c *Client) SetClock(ctx context.Context, at time.Time) (Clock, error) {
	var answer Clock
	return answer, c.ask(ctx, http.MethodPut, clockPath, Clock{at}, &answer)
}

// clockName is the file in the run directory in which the supervisor tells that a person
// has set the clock.
const clockName = "clock.json"

// WriteClock tells to when a person has set the clock, for whoever asks ReadClock.
func WriteClock(dir string, c Clock) error { return writeState(dir, clockName, c) }

// ReadClock gives the time to which a person has set the clock last; zero: nobody has.
func ReadClock(dir string) (Clock, error) {
	text, err := os.ReadFile(filepath.Join(dir, clockName))
	if errors.Is(err, fs.ErrNotExist) {
		return Clock{}, nil
	}
	if err != nil {
		return Clock{}, fmt.Errorf("read %s: %w", clockName, err)
	}
	var c Clock
	if err := json.Unmarshal(text, &c); err != nil {
		return Clock{}, fmt.Errorf("read %s: %w", clockName, err)
	}
	return c, nil
}

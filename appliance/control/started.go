package control

import (
	"context"
	"net/http"
)

// startedPath is where the first steps are put aside.
const startedPath = "/v1/web/started"

// Beginner is the part of a Backend that remembers whether the first steps are still to
// be offered.
type Beginner interface {
	// SetStarted notes that they are done or put aside, or that they are to be offered again.
	SetStarted(ctx context.Context, started bool) error
}

// Started is the body of PUT /v1/web/started.
type Started struct {
	Started bool `json:"started"` // they are done, or put aside
}

func putStarted(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
	s, err := bodyOf[Started](r)
	if err != nil {
		return nil, err
	}
	return struct{}{}, b.SetStarted(r.Context(), s.Started)
}

// SetStarted notes that the first steps are done or put aside, or to be offered again.
func (c *Client) SetStarted(ctx context.Context, started bool) error {
	return c.ask(ctx, http.MethodPut, startedPath, Started{started}, &struct{}{})
}

package control

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// resetPath takes the box back to how it was made: see ResetRequest.
const resetPath = "/v1/reset"

// ResetConfirm is what ResetRequest.Confirm has to be.
const ResetConfirm = "factory reset"

// ResetRequest is the body of POST /v1/reset.
type ResetRequest struct {
	Confirm string `json:"confirm"`       // ResetConfirm, so that nobody says it by mistake
	Who     string `json:"who,omitempty"` // for the log
	// Password is the owner's, which the page wants from who asks over HTTPS and keeps
	// to itself; on the socket there is none.
	Password string `json:"password,omitempty"`
}

// Resetter is the part of a Backend that does factory resets.
type Resetter interface {
	// Reset takes everything away that people have set and that was learned or recorded
	// of them. It is noted durably when this returns, and done a moment later.
	Reset(ctx context.Context, request ResetRequest) error
}

func postFactoryReset(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
	request, err := bodyOf[ResetRequest](r)
	switch {
	case err != nil:
		return nil, err
	case request.Confirm != ResetConfirm:
		return nil, Refuse(fmt.Errorf("factory reset: give \"confirm\": %q: settings, passwords, tokens, history and logs go", ResetConfirm))
	case request.Password != "":
		return nil, Refuse(errors.New("factory reset: \"password\" is for the page: the socket asks for none"))
	case len(request.Who) > maxWho || !printable(request.Who):
		return nil, Refuse(fmt.Errorf("factory reset: give \"who\" in %d bytes at most, without control characters", maxWho))
	}
	return struct{}{}, b.Reset(r.Context(), request)
}

// Reset asks for a factory reset.
func (c *Client) Reset(ctx context.Context, request ResetRequest) error {
	return c.ask(ctx, http.MethodPost, resetPath, request, &struct{}{})
}

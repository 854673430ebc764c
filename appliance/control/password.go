package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// passwordPath is where the page's password is kept.
const passwordPath = "/v1/web/password"

// maxHash bounds what is kept of a password, in bytes.
const maxHash = 512

// Passwords keeps what the page knows of its password.
type Passwords interface {
	Password(ctx context.Context) (Password, error)
	// SetPassword is refused when the password is no longer change.Old.
	SetPassword(ctx context.Context, change PasswordChange) error
}

// Password is the answer to GET /v1/web/password.
type Password struct {
	Hash string `json:"hash"` // as the page made it; empty: none is set
}

// PasswordChange is the body of PUT /v1/web/password.
type PasswordChange struct {
	Old string `json:"old"` // the hash it replaces, so that of two who set one only the first does
	New string `json:"new"`
}

func putPassword(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
	var change PasswordChange
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&change); err != nil {
		return nil, Refuse(fmt.Errorf("read password change: %w", err))
	}
	if change.New == "" || len(change.New) > maxHash {
		return nil, Refuse(errors.New("change password: give \"new\", a hash of at most 512 bytes"))
	}
	return struct{}{}, b.SetPassword(r.Context(), change)
}

// Password asks what is kept of the page's password.
func (c *Client) Password(ctx context.Context) (Password, error) {
	var p Password
	return p, c.ask(ctx, http.MethodGet, passwordPath, nil, &p)
}

// SetPassword replaces it.
func (c *Client) SetPassword(ctx context.Context, change PasswordChange) error {
	return c.ask(ctx, http.MethodPut, passwordPath, change, &struct{}{})
}

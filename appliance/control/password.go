package control

import (
	"context"
	"errors"
	"net/http"
)

// passwordPath is where the page's password is kept.
const passwordPath = "/v1/web/password"

// readerPath is where the second password is kept, of who may look and change nothing.
const readerPath = "/v1/web/reader"

// maxHash bounds what is kept of a password, in bytes.
const maxHash = 512

// Passwords keeps what the page knows of its passwords.
type Passwords interface {
	Password(ctx context.Context) (Password, error)
	// SetPassword is refused when the password is no longer change.Old.
	SetPassword(ctx context.Context, change PasswordChange) error
	// SetReader is the same for the second password, which an empty change.New removes.
	SetReader(ctx context.Context, change PasswordChange) error
}

// Password is the answer to GET /v1/web/password.
type Password struct {
	Hash   string `json:"hash"`             // as the page made it; empty: none is set
	Reader string `json:"reader,omitempty"` // of the second one; empty: there is none
}

// PasswordChange is the body of PUT /v1/web/password and /v1/web/reader.
type PasswordChange struct {
	Old string `json:"old"` // the hash it replaces, so that of two who set one only the first does
	New string `json:"new"`
}

func putPassword(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
	change, err := bodyOf[PasswordChange](r)
	if err != nil {
		return nil, err
	}
	if change.New == "" || len(change.New) > maxHash {
		return nil, Refuse(errors.New("change password: give \"new\", a hash of at most 512 bytes"))
	}
	return struct{}{}, b.SetPassword(r.Context(), change)
}

func putReader(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
	change, err := bodyOf[PasswordChange](r)
	if err != nil {
		return nil, err
	}
	if len(change.New) > maxHash {
		return nil, Refuse(errors.New("change the second password: give \"new\", a hash of at most 512 bytes, or nothing"))
	}
	return struct{}{}, b.SetReader(r.Context(), change)
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

// SetReader replaces or removes the second password.
func (c *Client) SetReader(ctx context.Context, change PasswordChange) error {
	return c.ask(ctx, http.MethodPut, readerPath, change, &struct{}{})
}

package control

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"
	"unicode"
	"unicode/utf8"
)

// tokensPath is where the tokens of the API over HTTPS are kept.
const tokensPath = "/v1/web/tokens"

// MaxTokenName bounds a token's name, in characters.
const MaxTokenName = 40

// Scopes of a token.
const (
	ScopeRead = "read" // see everything, change nothing
	ScopeFull = "full"
)

// Token is what is kept of a token.
type Token struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	Scope  string    `json:"scope"`  // ScopeRead or ScopeFull
	Digest string    `json:"digest"` // SHA-256 of the token, 64 hexadecimal digits
	Made   time.Time `json:"made"`
	Used   time.Time `json:"used,omitzero"` // last, to the minute; zero: never
}

// TokenList is the answer to GET /v1/web/tokens.
type TokenList struct {
	Tokens []Token `json:"tokens"` // the oldest first
}

// TokenRequest is the body of POST /v1/web/tokens.
type TokenRequest struct {
	Name   string `json:"name"`
	Scope  string `json:"scope"`
	Digest string `json:"digest"`
}

// TokenKeeper is the part of a Backend that keeps the tokens of the API over HTTPS. Whoever makes one shows it to its
// owner and gives on its digest alone.
type TokenKeeper interface {
	Tokens(ctx context.Context) (TokenList, error)
	AddToken(ctx context.Context, request TokenRequest) (Token, error)
	RemoveToken(ctx context.Context, id string) error
	// UseToken notes that one is used now.
	UseToken(ctx context.Context, id string) error
}

func tokenRoutes() []route {
	return []route{
		{"GET", tokensPath, func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			return b.Tokens(r.Context())
		}},
		{"POST", tokensPath, func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			request, err := bodyOf[TokenRequest](r)
			if err == nil {
				err = request.check()
			}
			if err != nil {
				return nil, err
			}
			return b.AddToken(r.Context(), request)
		}},
		{"DELETE", tokensPath + "/{id}", func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			return struct{}{}, b.RemoveToken(r.Context(), r.PathValue("id"))
		}},
		{"POST", tokensPath + "/{id}/used", func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			return struct{}{}, b.UseToken(r.Context(), r.PathValue("id"))
		}},
	}
}

var digestForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// check says what is wrong with a request.
func (t TokenRequest) check() error {
	switch {
	case t.Name == "" || !utf8.ValidString(t.Name) || utf8.RuneCountInString(t.Name) > MaxTokenName:
		return Refuse(fmt.Errorf("make token: give a name of 1 to %d characters", MaxTokenName))
	case !printable(t.Name):
		return Refuse(errors.New("make token: give a name of letters, digits, signs and spaces"))
	case t.Scope != ScopeRead && t.Scope != ScopeFull:
		return Refuse(fmt.Errorf("make token: scope %q: want %q or %q", t.Scope, ScopeRead, ScopeFull))
	case !digestForm.MatchString(t.Digest):
		return Refuse(errors.New("make token: give its SHA-256 as 64 digits of 0-9 and a-f"))
	}
	return nil
}

// printable says whether a text steers no terminal and breaks no line.
func printable(text string) bool {
	for _, r := range text {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// Tokens lists what is kept of tokens.
func (c *Client) Tokens(ctx context.Context) (TokenList, error) {
	var l TokenList
	return l, c.ask(ctx, http.MethodGet, tokensPath, nil, &l)
}

// AddToken has one more kept.
func (c *Client) AddToken(ctx context.Context, request TokenRequest) (Token, error) {
	var t Token
	return t, c.ask(ctx, http.MethodPost, tokensPath, request, &t)
}

// RemoveToken revokes one.
func (c *Client) RemoveToken(ctx context.Context, id string) error {
	return c.ask(ctx, http.MethodDelete, tokensPath+"/"+url.PathEscape(id), nil, &struct{}{})
}

// UseToken tells that one is used now.
func (c *Client) UseToken(ctx context.Context, id string) error {
	return c.ask(ctx, http.MethodPost, tokensPath+"/"+url.PathEscape(id)+"/used", nil, &struct{}{})
}

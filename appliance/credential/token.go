package credential

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// tokensName is the file of the API's tokens.
const tokensName = "tokens"

// MaxTokens is how many there may be.
const MaxTokens = 16

// useStep is how old the time of a token's last use may be on the disk: a program that
// asks each second would wear it out.
const useStep = time.Hour

// Token is what is kept of one: a digest, by which whoever reads it still has no token.
type Token struct {
	ID     string    `json:"id"` // names it: the beginning of the digest
	Name   string    `json:"name"`
	Scope  string    `json:"scope"`
	Digest string    `json:"digest"` // SHA-256 of the token, 64 hexadecimal digits
	Made   time.Time `json:"made"`
	Used   time.Time `json:"used,omitzero"` // last; zero: never
}

// idLength is how much of a digest names a token.
const idLength = 12

// Errors of whoever asks.
var (
	ErrUnowned   = errors.New("no password is set yet: set one on the page first")
	ErrTokens    = fmt.Errorf("make token: there are %d already: revoke one first", MaxTokens)
	ErrTokenName = errors.New("make token: another one has that name: choose another name")
	ErrNoToken   = errors.New("no such token, or no longer")
)

// Tokens are those that hold, the oldest first. Without a password there are none.
func (s *Store) Tokens() ([]Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens()
}

func (s *Store) tokens() ([]Token, error) {
	if owned, err := s.owned(); !owned || err != nil {
		return nil, err
	}
	text, err := s.read(tokensName)
	if err != nil || len(text) == 0 {
		return nil, err
	}
	var all []Token
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, nil //nolint:nilerr // damaged: nobody comes in by it, and the next one made replaces it
	}
	for i := range all {
		if used, ok := s.used[all[i].ID]; ok {
			all[i].Used = used
		}
	}
	return all, nil
}

// AddToken keeps one more; ID is made here.
func (s *Store) AddToken(t Token) (Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if owned, err := s.owned(); err != nil {
		return Token{}, err
	} else if !owned {
		return Token{}, ErrUnowned
	}
	all, err := s.tokens()
	if err != nil {
		return Token{}, err
	}
	t.ID = t.Digest[:idLength]
	switch {
	case len(all) >= MaxTokens:
		return Token{}, ErrTokens
	case slices.ContainsFunc(all, func(o Token) bool { return o.Name == t.Name || o.ID == t.ID }):
		return Token{}, ErrTokenName
	}
	return t, s.writeTokens(append(all, t))
}

// RemoveToken revokes one.
func (s *Store) RemoveToken(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, err := s.tokens()
	if err != nil {
		return err
	}
	rest := slices.DeleteFunc(slices.Clone(all), func(t Token) bool { return t.ID == id })
	if len(rest) == len(all) {
		return ErrNoToken
	}
	if err := s.writeTokens(rest); err != nil {
		return err
	}
	delete(s.used, id)
	return nil
}

// UseToken notes that one was used at a time. The disk is told once an hour.
func (s *Store) UseToken(id string, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, err := s.tokens()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(t Token) bool { return t.ID == id })
	if i < 0 {
		return ErrNoToken
	}
	s.used[id] = now
	if since := now.Sub(s.saved[id]); since >= 0 && since < useStep {
		return nil
	}
	all[i].Used = now
	return s.writeTokens(all)
}

func (s *Store) writeTokens(all []Token) error {
	text, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("write tokens: %w", err)
	}
	if err := s.write(tokensName, append(text, '\n')); err != nil {
		return err
	}
	clear(s.saved)
	for _, t := range all {
		s.saved[t.ID] = t.Used
	}
	return nil
}

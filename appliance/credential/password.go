package credential

import (
	"errors"
	"strings"
)

// ErrChanged says that the password is no longer the one to be replaced.
var ErrChanged = errors.New("set password: it has been set meanwhile: reload the page")

// Password is what was kept of the password; empty: none is set. It is read each
// time, since whoever sits at the box may have it forgotten.
func (s *Store) Password() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.password()
}

func (s *Store) password() (string, error) {
	text, err := s.read(passwordName)
	return strings.TrimSpace(string(text)), err
}

// SetPassword keeps another one in place of the old one, or returns ErrChanged. With
// the first one all begins anew: of an owner before, whose password was forgotten, no
// token and no second password is left.
func (s *Store) SetPassword(old, fresh string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, err := s.password()
	if err != nil {
		return err
	}
	if now != old {
		return ErrChanged
	}
	if old == "" {
		if err := errors.Join(s.remove(tokensName), s.remove(readerName)); err != nil {
			return err
		}
		clear(s.used)
		clear(s.saved)
	}
	return s.write(passwordName, []byte(fresh+"\n"))
}

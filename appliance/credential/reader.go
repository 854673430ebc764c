package credential

import "strings"

// readerName is the file of the second password, of who may look and change nothing.
const readerName = "reader"

// Reader is what was kept of the second password; empty: there is none. Without a
// first password there is none either: whoever had that one forgotten begins anew.
func (s *Store) Reader() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reader()
}

func (s *Store) reader() (string, error) {
	if owned, err := s.owned(); !owned || err != nil {
		return "", err
	}
	text, err := s.read(readerName)
	return strings.TrimSpace(string(text)), err
}

// SetReader keeps another second password in place of the old one, or none when fresh
// is empty. It returns ErrChanged when the old one holds no longer, and ErrUnowned
// while no first password is set.
func (s *Store) SetReader(old, fresh string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if owned, err := s.owned(); err != nil {
		return err
	} else if !owned {
		return ErrUnowned
	}
	now, err := s.reader()
	if err != nil {
		return err
	}
	if now != old {
		return ErrChanged
	}
	if fresh == "" {
		return s.remove(readerName)
	}
	return s.write(readerName, []byte(fresh+"\n"))
}

// owned says whether there is a first password.
func (s *Store) owned() (bool, error) {
	hash, err := s.password()
	return hash != "", err
}

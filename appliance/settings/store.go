package settings

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"limpid/appliance/durable"
)

// What a change can be refused for.
var (
	// ErrChanged says that the settings are no longer those that were edited.
	ErrChanged = errors.New("the settings have been changed meanwhile: look at them again")
	// ErrPending says that another change waits to be confirmed.
	ErrPending = errors.New("another change waits to be confirmed: confirm it or undo it first")
	// ErrNone says that nothing waits to be confirmed, or no longer.
	ErrNone = errors.New("no change waits to be confirmed")
	// ErrToken says that a confirmation was for another change.
	ErrToken = errors.New("this confirms another change than the one that waits")
)

// Change is what somebody wants.
type Change struct {
	Text string // of the whole file
	Base string // Digest of the text that was edited; empty: whatever it is
	Who  string // where the request came from
	Note string // why; may be empty
}

// Store is the settings in one file. Its methods may be called by several goroutines.
type Store struct {
	path  string
	clock func() time.Time

	mu      sync.Mutex
	pending *trial
}

// Open gives the settings in the file at path, which need not be there yet. Its folder
// also holds path.trial and path.history. A trial that was not ended is, and left is
// what became of it; nil if there was none.
func Open(path string, clock func() time.Time) (s *Store, left *Version, err error) {
	s = &Store{path: path, clock: clock}
	if left, err = s.settle(); err != nil {
		return nil, nil, err
	}
	return s, left, nil
}

// Text is what the file holds, which is what holds after the next start; empty if
// there is none.
func (s *Store) Text() (string, error) {
	data, err := os.ReadFile(s.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read settings: %w", err)
	}
	return string(data), nil
}

// Digest names a text, for Change.Base.
func Digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Commit changes the settings at once. Call it when the change is in effect, or
// cannot fail to be. An error beside a version with a number says that they are changed,
// and that the history may not show it.
func (s *Store) Commit(c Change) (Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, err := s.free(c)
	if err != nil {
		return Version{}, err
	}
	return s.keep(old, c)
}

// Former gives the settings that a change is to replace, or says why it cannot be made now.
func (s *Store) Former(c Change) (text string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.free(c)
}

// free says whether a change may be made now, and gives the settings that it changes.
// It is called with the lock held, like what follows.
func (s *Store) free(c Change) (old string, err error) {
	if s.pending != nil {
		return "", ErrPending
	}
	if old, err = s.Text(); err != nil {
		return "", err
	}
	if c.Base != "" && c.Base != Digest(old) {
		return "", ErrChanged
	}
	return old, nil
}

// keep writes the settings, and then that they were written. Where only that fails the version has a number all the
// same, beside the error: the settings are kept.
func (s *Store) keep(old string, c Change) (Version, error) {
	if err := s.remember(old); err != nil {
		return Version{}, err
	}
	if err := durable.Replace(s.path, []byte(c.Text), 0o600); err != nil {
		return Version{}, err
	}
	v, err := s.note(Version{Who: c.Who, Note: c.Note, Outcome: Kept, Text: c.Text})
	v.Number = max(v.Number, 1)
	return v, err
}

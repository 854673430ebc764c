package settings

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"limpid/appliance/durable"
)

// Bounds of the time in which a change must be confirmed.
const (
	MinWindow     = 30 * time.Second
	DefaultWindow = 90 * time.Second
	MaxWindow     = 10 * time.Minute
)

// Trial is a change that is in effect and waits to be confirmed.
type Trial struct {
	Change
	Begun, Until time.Time
	Left         time.Duration // until its time is over; not more than 0 if it is
}

// trial is what lies on the disk of it.
type trial struct {
	Text  string    `json:"text"`
	Old   string    `json:"old"` // the settings that stay if it is not confirmed
	Who   string    `json:"who"`
	Note  string    `json:"note"`
	Begun time.Time `json:"begun"`
	Until time.Time `json:"until"`
	Token string    `json:"token"` // SHA-256 of it
}

// Begin notes a change on the disk, before it is put into effect, and gives the token
// that confirms it. Until then the settings stay what they are.
func (s *Store) Begin(c Change, window time.Duration) (Trial, string, error) {
	if window < MinWindow || window > MaxWindow {
		return Trial{}, "", fmt.Errorf("try settings for %v: want %v to %v", window, MinWindow, MaxWindow)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, err := s.free(c)
	if err != nil {
		return Trial{}, "", err
	}
	token := rand.Text()
	now := s.clock()
	t := &trial{Text: c.Text, Old: old, Who: c.Who, Note: c.Note, Begun: now, Until: now.Add(window), Token: digestOf(token)}
	text, err := json.Marshal(t)
	if err != nil {
		return Trial{}, "", fmt.Errorf("try settings: %w", err)
	}
	if err := durable.Replace(s.trialPath(), text, 0o600); err != nil {
		return Trial{}, "", err
	}
	s.pending = t
	return s.shown(t), token, nil
}

// Pending is the change that waits, if one does.
func (s *Store) Pending() (t Trial, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pending == nil {
		return Trial{}, false
	}
	return s.shown(s.pending), true
}

// Confirm makes the change that waits the settings. What is too late is refused: then
// Undo is on its way. An error beside a version with a number is as with Commit.
func (s *Store) Confirm(token string) (Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.pending
	switch {
	case t == nil || !s.clock().Before(t.Until):
		return Version{}, ErrNone
	case subtle.ConstantTimeCompare([]byte(digestOf(token)), []byte(t.Token)) != 1:
		return Version{}, ErrToken
	}
	old, err := s.Text() // which somebody may have written meanwhile: it stays in the history
	if err != nil {
		return Version{}, err
	}
	v, err := s.keep(old, t.change())
	if v.Number == 0 {
		return Version{}, err
	}
	s.pending = nil
	return v, errors.Join(err, durable.Remove(s.trialPath()))
}

// Undo gives the change that waits up. Call it before, or after, the settings that
// stay are in effect again; outcome says why.
func (s *Store) Undo(outcome Outcome) (Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pending == nil {
		return Version{}, ErrNone
	}
	t := s.pending
	s.pending = nil
	return s.giveUp(t, outcome)
}

// errBroken says that a trial was not written by this package, or lies on a disk that
// fails: it writes all or nothing.
var errBroken = errors.New("the trial on the disk cannot be read")

// readTrial gives the trial that lies on the disk, nil if there is none.
func (s *Store) readTrial() (*trial, error) {
	data, err := os.ReadFile(s.trialPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read settings on trial: %w", err)
	}
	t := &trial{}
	if json.Unmarshal(data, t) != nil {
		return nil, errBroken
	}
	return t, nil
}

// settle ends a trial that a former process has left.
func (s *Store) settle() (*Version, error) {
	t, err := s.readTrial()
	switch {
	case errors.Is(err, errBroken):
		return nil, durable.Remove(s.trialPath()) // the settings hold
	case err != nil || t == nil:
		return nil, err
	}
	text, err := s.Text()
	if err != nil {
		return nil, err
	}
	var v Version
	if text == t.Text && text != t.Old {
		// Confirmed, and cut off before all of that was written down.
		if v, err = s.note(Version{Who: t.Who, Note: t.Note, Outcome: Kept, Text: t.Text}); err == nil {
			err = durable.Remove(s.trialPath())
		}
	} else {
		v, err = s.giveUp(t, Restarted)
	}
	return &v, err
}

func (s *Store) giveUp(t *trial, outcome Outcome) (Version, error) {
	v, err := s.note(Version{Who: t.Who, Note: t.Note, Outcome: outcome, Text: t.Text})
	return v, errors.Join(err, durable.Remove(s.trialPath()))
}

func (s *Store) trialPath() string { return s.path + ".trial" }

func (t *trial) change() Change { return Change{Text: t.Text, Who: t.Who, Note: t.Note} }

func (s *Store) shown(t *trial) Trial {
	return Trial{t.change(), t.Begun, t.Until, t.Until.Sub(s.clock())}
}

func digestOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

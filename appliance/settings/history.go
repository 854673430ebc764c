package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"limpid/appliance/durable"
)

// MaxVersions is how many are kept.
const MaxVersions = 50

// Outcome is what became of a change.
type Outcome string

// Outcomes.
const (
	Found       Outcome = "found"         // not made here: as the file was
	Kept        Outcome = "kept"          // became the settings
	Unconfirmed Outcome = "not confirmed" // nobody confirmed it in time
	Undone      Outcome = "undone"        // a person took it back
	Failed      Outcome = "failed"        // it could not be put into effect
	Restarted   Outcome = "restarted"     // the box was started again before it was confirmed
)

// Version is a change of the past.
type Version struct {
	Number  int       `json:"number"` // counts from 1
	Time    time.Time `json:"time"`   // when it became so
	Who     string    `json:"who,omitempty"`
	Note    string    `json:"note,omitempty"`
	Outcome Outcome   `json:"outcome"`
	Text    string    `json:"text"`
}

// History gives the versions that are kept, the newest first.
func (s *Store) History() ([]Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.history()
}

func (s *Store) history() ([]Version, error) {
	numbers, err := s.numbers()
	if err != nil {
		return nil, err
	}
	versions := make([]Version, 0, len(numbers))
	for _, n := range slices.Backward(numbers) {
		data, err := os.ReadFile(s.versionPath(n))
		if err != nil {
			return nil, fmt.Errorf("read history of the settings: %w", err)
		}
		v := Version{}
		if json.Unmarshal(data, &v) != nil || v.Number != n {
			continue // on a disk that fails; the others are worth having
		}
		versions = append(versions, v)
	}
	return versions, nil
}

// remember notes the settings that a change replaces, if the history does not end
// with them: somebody has written the file.
func (s *Store) remember(old string) error {
	if old == "" {
		return nil
	}
	versions, err := s.history()
	if err != nil {
		return err
	}
	last := slices.IndexFunc(versions, func(v Version) bool { return v.Outcome == Kept || v.Outcome == Found })
	if last >= 0 && versions[last].Text == old {
		return nil
	}
	_, err = s.note(Version{Outcome: Found, Text: old})
	return err
}

// note adds a version, and forgets those that are one too many.
func (s *Store) note(v Version) (Version, error) {
	// Its folder is made here and not above: a disk that is not there stays so.
	if err := os.Mkdir(s.historyDir(), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return v, fmt.Errorf("write history of the settings: %w", err)
	}
	numbers, err := s.numbers()
	if err != nil {
		return v, err
	}
	v.Number, v.Time = 1, s.clock().UTC().Truncate(time.Millisecond)
	if len(numbers) > 0 {
		v.Number = numbers[len(numbers)-1] + 1
	}
	text, err := json.Marshal(v)
	if err != nil {
		return v, fmt.Errorf("write history of the settings: %w", err)
	}
	if err := durable.Replace(s.versionPath(v.Number), text, 0o600); err != nil {
		return v, err
	}
	for len(numbers) >= MaxVersions {
		if err := durable.Remove(s.versionPath(numbers[0])); err != nil {
			return v, err
		}
		numbers = numbers[1:]
	}
	return v, nil
}

// numbers are those of the versions that are kept, ascending.
func (s *Store) numbers() ([]int, error) {
	entries, err := os.ReadDir(s.historyDir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read history of the settings: %w", err)
	}
	var numbers []int
	for _, e := range entries {
		if n, err := strconv.Atoi(strings.TrimSuffix(e.Name(), ".json")); err == nil && s.versionPath(n) == filepath.Join(s.historyDir(), e.Name()) {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

func (s *Store) historyDir() string { return s.path + ".history" }

func (s *Store) versionPath(number int) string {
	return filepath.Join(s.historyDir(), fmt.Sprintf("%06d.json", number))
}

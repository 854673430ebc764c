package factory

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"limpid/appliance/durable"
)

// Request is a reset that somebody has asked for, as it lies on the disk until it is done.
type Request struct {
	Who   string    `json:"who,omitempty"` // for the log
	Asked time.Time `json:"asked"`
	// Settings is what the settings become; empty: the file goes, and whoever starts
	// limpid has defaults.
	Settings string `json:"settings,omitempty"`
	// Ports are the wire's, the clients' first: defaults keep them as long as they are there.
	Ports []string `json:"ports,omitempty"`
	// Credentials is the folder of what the page keeps; empty: there is none.
	Credentials string `json:"credentials,omitempty"`
	// Logs are the folders of the access log.
	Logs []string `json:"logs,omitempty"`
}

// requestPath is where a request for the settings in a file lies.
func requestPath(settings string) string { return settings + ".reset" }

// Ask notes a reset on the disk. From then on it will be done, whatever happens.
func Ask(settings string, r Request) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("ask for a factory reset: %w", err)
	}
	if err := durable.Replace(requestPath(settings), text, 0o600); err != nil {
		return fmt.Errorf("ask for a factory reset: %w", err)
	}
	return nil
}

// errBroken says that a request was not written by this package, or lies on a disk
// that fails: it writes all or nothing.
var errBroken = errors.New("factory reset: what asks for it cannot be read, and is taken away: ask again")

// Asked gives the reset that is still to be done; nil: there is none.
func Asked(settings string) (*Request, error) {
	text, err := os.ReadFile(requestPath(settings))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("factory reset: %w", err)
	}
	r := new(Request)
	if json.Unmarshal(text, r) != nil {
		return nil, errors.Join(errBroken, durable.Remove(requestPath(settings)))
	}
	return r, nil
}

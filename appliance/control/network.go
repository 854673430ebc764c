package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
)

// Network is whom the box may ask, and its own address. The supervisor, which holds the
// lease, tells process 1 of the firmware; elsewhere nobody but itself reads it.
type Network struct {
	DNS []netip.Addr `json:"dns"` // name servers, the first one first
	NTP []string     `json:"ntp"` // time servers, names or addresses; with a port in tests only
	// Own is the box's own address. The supervisor tells it on.
	Own Address `json:"own"`
}

// networkName is the file in the run directory in which the supervisor tells of
// the network.
const networkName = "network.json"

// WriteNetwork tells of the network, for whoever asks ReadNetwork.
func WriteNetwork(dir string, n Network) error { return writeState(dir, networkName, n) }

// ReadNetwork gives what the supervisor has told; nothing is no error.
func ReadNetwork(dir string) (Network, error) {
	text, err := os.ReadFile(filepath.Join(dir, networkName))
	if errors.Is(err, fs.ErrNotExist) {
		return Network{}, nil
	}
	if err != nil {
		return Network{}, fmt.Errorf("read %s: %w", networkName, err)
	}
	var n Network
	if err := json.Unmarshal(text, &n); err != nil {
		return Network{}, fmt.Errorf("read %s: %w", networkName, err)
	}
	return n, nil
}

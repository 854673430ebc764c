package lab

import (
	"encoding/json"
	"fmt"
	"time"
)

// Status is the part of `limpid status --json` that every limpid prints, and
// the whole of it in Raw.
type Status struct {
	Mode      string    `json:"mode"`
	Reason    string    `json:"reason"`
	Since     time.Time `json:"since"`
	Capture   string    `json:"capture"`
	Handshake string    `json:"handshake"`
	Proxy     Child     `json:"proxy"`
	Gate      Child     `json:"gate"`
	Web       struct {
		Child
		Listen      []string `json:"listen"`
		Fingerprint string   `json:"fingerprint"`
		PasswordSet bool     `json:"password_set"`
	} `json:"web"`
	Flows struct {
		Active   uint64 `json:"active"`
		Captured uint64 `json:"captured"`
		Bridged  uint64 `json:"bridged"`
	} `json:"flows"`
	Requests uint64 `json:"requests"`
	Cache    struct {
		Hits   uint64 `json:"hits"`
		Misses uint64 `json:"misses"`
	} `json:"cache"`
	// LastGap is how long new connections were neither served nor bridged at
	// the last event, in milliseconds.
	LastGap float64 `json:"last_gap_ms"`

	// Problems is what limpid keeps trying to mend, one line each.
	Problems []string `json:"problems"`

	Raw json.RawMessage `json:"-"`
}

// Child is one process of limpid; PID is 0 while there is none.
type Child struct {
	PID      int    `json:"pid"`
	Restarts int    `json:"restarts"`
	LastExit string `json:"last_exit"`
}

// parseStatus refuses what is JSON but no status.
func parseStatus(data []byte) (Status, error) {
	var s Status
	if err := json.Unmarshal(data, &s); err != nil {
		return Status{}, fmt.Errorf("decode status %q: %w", data, err)
	}
	if s.Mode == "" {
		return Status{}, fmt.Errorf("decode status %q: it names no mode", data)
	}
	s.Raw = data
	return s, nil
}

package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// drillPath is where drills are ordered and told of.
const drillPath = "/v1/drill"

// Blow is what a drill does to the proxy.
type Blow string

// Blows.
const (
	KillProxy Blow = "kill" // SIGKILL: as if it had crashed
	HangProxy Blow = "hang" // SIGSTOP: as if it stood still
)

// DrillRequest is the body of POST /v1/drill.
type DrillRequest struct {
	Blow Blow   `json:"blow,omitempty"` // KillProxy if empty
	Who  string `json:"who,omitempty"`  // has ordered it, for the record
}

// Drills is the answer to GET and POST /v1/drill.
type Drills struct {
	// Refused says why no drill can begin now; empty: one can.
	Refused string `json:"refused"`
	// Drills are this supervisor's, the newest first, ten of them at most.
	Drills []Drill `json:"drills"`
}

// Drill is one drill and what was measured. Times after the blow are in
// milliseconds, rounded up; nil: not yet, or never.
type Drill struct {
	Number  int       `json:"number"` // of this supervisor, from 1
	Blow    Blow      `json:"blow"`
	Who     string    `json:"who,omitempty"`
	Struck  time.Time `json:"struck"`            // when the blow had fallen
	Running bool      `json:"running"`           // it has not ended yet
	Problem string    `json:"problem,omitempty"` // why it ended before new connections were captured again
	Reason  string    `json:"reason,omitempty"`  // by what the supervisor noticed

	NoticedMS *int64 `json:"noticed_ms,omitempty"` // the supervisor learned of it
	BypassMS  *int64 `json:"bypass_ms,omitempty"`  // capture was disarmed, mode bypass: new connections are bridged for certain
	InlineMS  *int64 `json:"inline_ms,omitempty"`  // a check has passed, mode inline: they are captured again
	// GapMS is last_gap_ms of this failure: an upper bound of how long new
	// connections were neither served nor bridged. It may have begun before the
	// blow, with the newest proof of service.
	GapMS *int64 `json:"gap_ms,omitempty"`

	// Connections, from the blow to the end of the drill or until now.
	Cut      uint64 `json:"cut"`      // were the proxy's, and ended with it
	Captured uint64 `json:"captured"` // begun, and taken off the bridge
	Bridged  uint64 `json:"bridged"`  // begun, and left on it
	Carried  uint64 `json:"carried"`  // captured, and carried by the gate as tunnels
}

// Driller breaks the proxy on purpose.
type Driller interface {
	// BeginDrill strikes. What follows is in Drills.
	BeginDrill(ctx context.Context, request DrillRequest) error
	Drills(ctx context.Context) (Drills, error)
}

func postDrill(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
	var request DrillRequest
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil && !errors.Is(err, io.EOF) {
		return nil, Refuse(fmt.Errorf("read drill request: %w", err))
	}
	switch request.Blow {
	case "":
		request.Blow = KillProxy
	case KillProxy, HangProxy:
	default:
		return nil, Refuse(fmt.Errorf("blow %q: want %s or %s", request.Blow, KillProxy, HangProxy))
	}
	if len(request.Who) > maxWho {
		return nil, Refuse(fmt.Errorf("who has %d bytes: at most %d", len(request.Who), maxWho))
	}
	if err := b.BeginDrill(r.Context(), request); err != nil {
		return nil, err
	}
	return b.Drills(r.Context())
}

// BeginDrill has the proxy killed, or stopped. What comes of it is in Drills,
// the newest first.
func (c *Client) BeginDrill(ctx context.Context, request DrillRequest) (Drills, error) {
	var d Drills
	return d, c.ask(ctx, http.MethodPost, drillPath, request, &d)
}

// Drills asks for the drills so far, and for the one under way.
func (c *Client) Drills(ctx context.Context) (Drills, error) {
	var d Drills
	return d, c.ask(ctx, http.MethodGet, drillPath, nil, &d)
}

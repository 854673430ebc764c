package control

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// headsPath is where heads of messages are recorded.
const headsPath = "/v1/log/heads"

// Bounds of a recording of heads, and what holds when nobody says.
const (
	MaxHeadsTime     = 10 * time.Minute
	DefaultHeadsTime = 10 * time.Minute
	MaxHeads         = 256 // transactions
)

// HeadsRequest is the body of PUT /v1/log/heads: of which transactions the heads are
// wanted.
type HeadsRequest struct {
	Filter map[string]string `json:"filter,omitempty"` // by the words of GET /v1/log
	For    Duration          `json:"for,omitempty"`    // 10 m at most; 0: that
	Count  int               `json:"count,omitempty"`  // the newest so many are kept, 256 at most; 0: that
	Who    string            `json:"who,omitempty"`    // has asked, for others to see
}

// Heads is the answer to GET /v1/log/heads: a recording that goes on, or is kept, and
// heads of it.
type Heads struct {
	Recording bool              `json:"recording"`        // it goes on
	Begun     bool              `json:"begun"`            // there is one that goes on, or is kept
	Filter    map[string]string `json:"filter,omitempty"` // of what is wanted
	Who       string            `json:"who,omitempty"`
	Until     time.Time         `json:"until,omitzero"`  // when it ends, or when what is kept of it is forgotten
	Count     int               `json:"count,omitempty"` // the newest so many are kept
	Kept      int               `json:"kept"`            // so many are
	Displaced uint64            `json:"displaced"`       // were, and made room for newer ones
	Missed    uint64            `json:"missed"`          // had no room while they were under way
	Heads     []HeadPair        `json:"heads"`           // the oldest first
	Cursor    uint64            `json:"cursor"`          // for the next question
	Problems  []string          `json:"problems"`        // why the proxy could not be asked
}

// HeadPair is a record of the access log with the heads of its messages.
type HeadPair struct {
	ID       uint64    `json:"id"` // as LogRecord.Heads has it
	Record   LogRecord `json:"record"`
	Request  Head      `json:"request"`
	Response Head      `json:"response"` // of the final response
}

// Head is a head as it crossed: one character for each byte (ISO 8859-1). The values of
// Cookie, Set-Cookie, Authorization and Proxy-Authorization are replaced by their length.
type Head struct {
	Text  string `json:"text"`
	Bytes int    `json:"bytes"` // of all of it; 0: there was none
	Cut   bool   `json:"cut"`   // Text is of the first 8 KiB only
}

// HeadKeeper is the part of a Backend that records heads. Each answers with the state
// afterwards.
type HeadKeeper interface {
	// Heads gives the heads with numbers above after, until there are some hundred KiB
	// of them.
	Heads(ctx context.Context, after uint64) (Heads, error)
	// RecordHeads begins a recording, and forgets the one before.
	RecordHeads(ctx context.Context, request HeadsRequest) (Heads, error)
	// StopHeads ends the recording; what was recorded stays for some minutes.
	StopHeads(ctx context.Context) (Heads, error)
	// ForgetHeads ends the recording, and keeps nothing of it.
	ForgetHeads(ctx context.Context) (Heads, error)
}

// completed fills in what holds when nobody says, and refuses what cannot be. What a
// word of the filter may say is for the proxy to judge.
func (h HeadsRequest) completed() (HeadsRequest, error) {
	h.For, h.Count = cmp.Or(h.For, Duration(DefaultHeadsTime)), cmp.Or(h.Count, MaxHeads)
	switch {
	case h.For < 0 || time.Duration(h.For) > MaxHeadsTime:
		return h, fmt.Errorf("record heads for %v: want a time above 0 and at most %v", time.Duration(h.For), MaxHeadsTime)
	case h.Count < 1 || h.Count > MaxHeads:
		return h, fmt.Errorf("keep heads of %d transactions: want 1 to %d", h.Count, MaxHeads)
	case len(h.Who) > maxWho:
		return h, fmt.Errorf("give \"who\" in %d bytes at most", maxWho)
	}
	return h, nil
}

func headsRoutes() []route {
	return []route{
		{"GET", headsPath, func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			after := uint64(0)
			if text := r.URL.Query().Get("after"); text != "" {
				n, err := strconv.ParseUint(text, 10, 64)
				if err != nil {
					return nil, Refuse(fmt.Errorf("after %q: want the cursor of an earlier answer", text))
				}
				after = n
			}
			return b.Heads(r.Context(), after)
		}},
		{"PUT", headsPath, func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			request, err := bodyOf[HeadsRequest](r)
			if err != nil {
				return nil, err
			}
			if request, err = request.completed(); err != nil {
				return nil, Refuse(err)
			}
			return b.RecordHeads(r.Context(), request)
		}},
		{"DELETE", headsPath, func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			return b.ForgetHeads(r.Context())
		}},
		{"POST", headsPath + "/stop", func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			return b.StopHeads(r.Context())
		}},
	}
}

// Heads asks for the heads with numbers above after.
func (c *Client) Heads(ctx context.Context, after uint64) (Heads, error) {
	var h Heads
	return h, c.ask(ctx, http.MethodGet, headsPath+"?after="+strconv.FormatUint(after, 10), nil, &h)
}

// RecordHeads begins a recording.
func (c *Client) RecordHeads(ctx context.Context, request HeadsRequest) (Heads, error) {
	var h Heads
	return h, c.ask(ctx, http.MethodPut, headsPath, request, &h)
}

// StopHeads ends the recording.
func (c *Client) StopHeads(ctx context.Context) (Heads, error) {
	var h Heads
	return h, c.ask(ctx, http.MethodPost, headsPath+"/stop", nil, &h)
}

// ForgetHeads ends the recording, and has nothing of it kept.
func (c *Client) ForgetHeads(ctx context.Context) (Heads, error) {
	var h Heads
	return h, c.ask(ctx, http.MethodDelete, headsPath, nil, &h)
}

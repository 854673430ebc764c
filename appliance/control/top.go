package control

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// topPath is where rankings of the log are.
const topPath = "/v1/log/top"

// MaxTop is how many a ranking holds at most, and defaultTop when nobody says.
const (
	MaxTop     = 100
	defaultTop = 10
)

// LogTop is the answer to GET /v1/log/top: who has the most among the records of the
// access log that are in memory.
type LogTop struct {
	Records  int       `json:"records"`        // that were looked at: all
	Since    time.Time `json:"since,omitzero"` // when the oldest of them began
	Sites    Ranking   `json:"sites"`          // by the name that the filter host has
	Clients  Ranking   `json:"clients"`        // by address
	Problems []string  `json:"problems"`       // why the proxy could not be asked
}

// Ranking is the same in two orders, the most first.
type Ranking struct {
	ByRequests []Rank `json:"by_requests"`
	ByBytes    []Rank `json:"by_bytes"`
}

// Rank is one site or client. A tunnel counts as one request.
type Rank struct {
	Name     string `json:"name"`
	Requests uint64 `json:"requests"`
	Bytes    uint64 `json:"bytes"` // of requests and responses, heads and bodies
}

func getTop(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
	limit := defaultTop
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > MaxTop {
			return nil, Refuse(fmt.Errorf("limit %q: want a number from 1 to %d", text, MaxTop))
		}
		limit = n
	}
	return b.LogTop(r.Context(), limit)
}

// LogTop asks for the first limit of each ranking, 1 to MaxTop.
func (c *Client) LogTop(ctx context.Context, limit int) (LogTop, error) {
	var t LogTop
	return t, c.ask(ctx, http.MethodGet, topPath+"?limit="+strconv.Itoa(limit), nil, &t)
}

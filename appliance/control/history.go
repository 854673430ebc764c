package control

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// historyPath is where counts over time are.
const historyPath = "/v1/history"

// History is the answer to GET /v1/history: how much counts grew, step by step.
type History struct {
	Names  []string       `json:"names"`
	Step   Duration       `json:"step"`
	Points []HistoryPoint `json:"points"` // the oldest first; steps in which limpid did not run are left out
}

// HistoryPoint is one step.
type HistoryPoint struct {
	At     time.Time `json:"at"` // where it begins
	Counts []uint64  `json:"counts"`
}

// defaultSpan is the shortest.
const defaultSpan = "10m"

func getHistory(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
	span := r.URL.Query().Get("span")
	if span == "" {
		span = defaultSpan
	}
	return b.History(r.Context(), span)
}

// History asks how much was counted in each step of "10m", "24h" or "7d".
func (c *Client) History(ctx context.Context, span string) (History, error) {
	var h History
	return h, c.ask(ctx, http.MethodGet, historyPath+"?span="+url.QueryEscape(span), nil, &h)
}

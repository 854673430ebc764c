package control

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
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
	last := 0
	if text := r.URL.Query().Get("last"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, Refuse(fmt.Errorf("last %q: want a number from 1", text))
		}
		last = n
	}
	h, err := b.History(r.Context(), span)
	if n := len(h.Points); err == nil && last > 0 && n > last {
		h.Points = h.Points[n-last:]
	}
	return h, err
}

// Recent asks for the newest last points of a span, at least 1, without the others.
func (c *Client) Recent(ctx context.Context, span string, last int) (History, error) {
	var h History
	query := url.Values{"span": {span}, "last": {strconv.Itoa(last)}}
	return h, c.ask(ctx, http.MethodGet, historyPath+"?"+query.Encode(), nil, &h)
}

// History asks how much was counted in each step of "10m", "24h" or "7d".
func (c *Client) History(ctx context.Context, span string) (History, error) {
	var h History
	return h, c.ask(ctx, http.MethodGet, historyPath+"?span="+url.QueryEscape(span), nil, &h)
}

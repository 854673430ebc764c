package control

import (
	"context"
	"net/http"
	"time"
)

const neighboursPath = "/v1/neighbours"

// Neighbours is the answer to GET /v1/neighbours: what is heard of systems at both ends
// of the wire.
type Neighbours struct {
	LAN []Neighbour `json:"lan"` // at the clients' end
	WAN []Neighbour `json:"wan"` // at the servers' end
}

// Neighbour is the newest LLDP frame from a MAC address, as it came: the supervisor
// does not read it. It may be no LLDP, say goodbye, or no longer hold; package lldp
// tells.
type Neighbour struct {
	MAC   string    `json:"mac"`
	Heard time.Time `json:"heard"`
	Age   float64   `json:"age"` // s since then, also where the clock was set meanwhile
	Frame []byte    `json:"frame"`
}

// NeighbourLister hears neighbours.
type NeighbourLister interface {
	Neighbours(ctx context.Context) (Neighbours, error)
}

func getNeighbours(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
	return b.Neighbours(r.Context())
}

// Neighbours asks what is heard of systems at both ends of the wire.
func (c *Client) Neighbours(ctx context.Context) (Neighbours, error) {
	var n Neighbours
	return n, c.ask(ctx, http.MethodGet, neighboursPath, nil, &n)
}

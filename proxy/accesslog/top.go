package accesslog

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// MaxTop is how many a ranking holds at most.
const MaxTop = 100

// Top is who has the most among the records in memory.
type Top struct {
	Records int       `json:"records"`        // that were looked at: all
	Since   time.Time `json:"since,omitzero"` // when the oldest of them began
	Sites   Ranking   `json:"sites"`          // by the name that the filter host has
	Clients Ranking   `json:"clients"`        // by address
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

// Top counts in all records in memory and gives the first limit of each ranking. What
// it takes is bounded as the records are: some milliseconds, and a name and two
// numbers for each.
func (l *Log) Top(limit int) (Top, error) {
	if limit < 1 || limit > MaxTop {
		return Top{}, fmt.Errorf("limit %d: want 1 to %d", limit, MaxTop)
	}
	return l.ring.top(limit), nil
}

// count is what one name has.
type count struct{ requests, bytes uint64 }

func (r *ring) top(limit int) Top {
	sites, clients := make(map[string]*count), make(map[netip.Addr]*count)
	var t Top
	var host []byte
	var oldest int64
	r.mu.Lock()
	var record Record
	for _, s := range r.segments {
		for rest := s.bytes[:s.used]; len(rest) > 0; rest = rest[packedLen(rest):] {
			record.unpack(rest[:packedLen(rest)])
			bytes := record.RequestBytes + record.ResponseBytes
			host = appendHost(host[:0], &record)
			site := sites[string(host)] // makes no string
			if site == nil {
				site = new(count)
				sites[string(host)] = site
			}
			site.add(bytes)
			client := clients[record.Client.Addr()]
			if client == nil {
				client = new(count)
				clients[record.Client.Addr()] = client
			}
			client.add(bytes)
			if t.Records == 0 || record.Started < oldest {
				oldest = record.Started
			}
			t.Records++
		}
	}
	r.mu.Unlock()
	if t.Records > 0 {
		t.Since = time.Unix(0, oldest).UTC()
	}
	t.Sites = rankingOf(sites, limit, strings.Compare, func(name string) string { return name })
	t.Clients = rankingOf(clients, limit, netip.Addr.Compare, netip.Addr.String)
	return t
}

func (c *count) add(bytes uint64) {
	c.requests++
	c.bytes += bytes
}

// rankingOf names only those that are in it.
func rankingOf[K comparable](counts map[K]*count, limit int, compare func(a, b K) int, nameOf func(K) string) Ranking {
	type ranked struct {
		key K
		count
	}
	all := make([]ranked, 0, len(counts))
	for key, c := range counts {
		all = append(all, ranked{key, *c})
	}
	first := func(less func(a, b ranked) int) []Rank {
		slices.SortFunc(all, func(a, b ranked) int { return cmp.Or(less(a, b), compare(a.key, b.key)) })
		ranks := make([]Rank, 0, limit)
		for _, r := range all[:min(limit, len(all))] {
			ranks = append(ranks, Rank{nameOf(r.key), r.requests, r.bytes})
		}
		return ranks
	}
	return Ranking{
		ByRequests: first(func(a, b ranked) int {
			return cmp.Or(cmp.Compare(b.requests, a.requests), cmp.Compare(b.bytes, a.bytes))
		}),
		ByBytes: first(func(a, b ranked) int {
			return cmp.Or(cmp.Compare(b.bytes, a.bytes), cmp.Compare(b.requests, a.requests))
		}),
	}
}

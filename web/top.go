package web

import (
	"net/url"
	"slices"
	"time"

	"limpid/appliance/control"
)

const (
	// topShown is how many sites and clients are shown.
	topShown = 8
	// topFresh is how old what is shown of them may be: to count them the proxy reads
	// all records in its memory.
	topFresh = 5 * time.Second
)

// tops are the sites and clients with the most among the records in memory.
type tops struct {
	Orders  []topOrder
	Records string
	Since   string // when the oldest of them began
	Lists   []topList
	Problem string
}

// topOrder is one way to rank them.
type topOrder struct {
	Name, Label, Address string
	Chosen               bool
}

// topList is one ranking.
type topList struct {
	Name string
	Rows []topRow
}

// topRow is one site or client, and where its records are.
type topRow struct{ Name, Only, Requests, Bytes string }

// topOrders are all there are, the usual first.
func topOrders() []topOrder {
	return []topOrder{{Name: "requests", Label: "by requests"}, {Name: "bytes", Label: "by bytes"}}
}

// topOrderOf is the order that an address asks for, or the first.
func topOrderOf(wanted string) string {
	if slices.ContainsFunc(topOrders(), func(o topOrder) bool { return o.Name == wanted }) {
		return wanted
	}
	return topOrders()[0].Name
}

// topsOf shows rankings in an order; c is the rest of the address.
func topsOf(t control.LogTop, c charted, zone *time.Location) *tops {
	v := &tops{Orders: topOrders(), Records: number(uint64(t.Records))}
	for i := range v.Orders {
		o := &v.Orders[i]
		o.Chosen, o.Address = o.Name == c.top, charted{c.span, o.Name}.address()
	}
	if !t.Since.IsZero() {
		v.Since = t.Since.In(zone).Format(time.DateTime)
	}
	for _, list := range []struct {
		name, word string
		ranking    control.Ranking
	}{{"Sites", "host", t.Sites}, {"Clients", "client", t.Clients}} {
		ranks := list.ranking.ByRequests
		if c.top == "bytes" {
			ranks = list.ranking.ByBytes
		}
		shown := topList{Name: list.name}
		for _, r := range ranks {
			only := "/log?" + url.Values{list.word: {r.Name}}.Encode()
			shown.Rows = append(shown.Rows, topRow{r.Name, only, number(r.Requests), size(r.Bytes)})
		}
		v.Lists = append(v.Lists, shown)
	}
	if len(t.Problems) > 0 {
		v.Problem = t.Problems[0]
	}
	return v
}

// charted is what the address of the first page says.
type charted struct{ span, top string }

func chartedOf(query url.Values) charted {
	return charted{spanOf(query.Get("span")), topOrderOf(query.Get("top"))}
}

func (c charted) address() string {
	return "/?" + url.Values{"span": {c.span}, "top": {c.top}}.Encode()
}

package web

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"limpid/appliance/control"
)

// siteServer is an address at which a site was seen, and what else was.
type siteServer struct {
	Address netip.Addr
	Others  []string // other sites, those with the most records first
	More    int      // and how many there are beside these
}

// othersShown is how many other sites are named for an address.
const othersShown = 5

// serversOf looks through all records in memory for the addresses at which a site was
// seen. A SYN carries no name: these are all that can be told of it before a connection
// is captured.
func (p *Page) serversOf(ctx context.Context, site string) ([]siteServer, error) {
	seen := make(map[netip.Addr]map[string]int)
	begun := p.clock()
	query := control.LogQuery{After: fromStart, Limit: control.MaxLog}
	for {
		page, err := p.control.Log(ctx, query)
		if err != nil {
			return nil, err
		}
		if len(page.Records) == 0 && len(seen) == 0 && len(page.Problems) > 0 {
			return nil, errors.New(page.Problems[0])
		}
		for i := range page.Records {
			r := &page.Records[i]
			at := r.Server.Addr()
			if seen[at] == nil {
				seen[at] = make(map[string]int)
			}
			if name := siteOf(r); name != "" {
				seen[at][name]++
			}
		}
		// What comes while this is read is not waited for.
		if n := len(page.Records); n == 0 || page.Cursor == query.After || page.Records[n-1].Time.After(begun) {
			break
		}
		query.After = page.Cursor
	}
	var servers []siteServer
	for at, sites := range seen {
		if sites[site] == 0 {
			continue
		}
		delete(sites, site)
		others := slices.SortedFunc(maps.Keys(sites), func(a, b string) int {
			return cmp.Or(cmp.Compare(sites[b], sites[a]), strings.Compare(a, b))
		})
		shown := min(othersShown, len(others))
		servers = append(servers, siteServer{at, others[:shown], len(others) - shown})
	}
	slices.SortFunc(servers, func(a, b siteServer) int { return a.Address.Compare(b.Address) })
	return servers, nil
}

// siteOf is the name of the site that a record is of, in lower case; empty if it has
// none, or an address in its place.
func siteOf(r *control.LogRecord) string {
	site, _ := placeOf(r.URL)
	name := strings.ToLower(hostOf(site))
	if _, err := netip.ParseAddr(name); err == nil || len(name) > maxSite {
		return ""
	}
	return name
}

package main

import (
	"context"
	"slices"
	"strings"

	"limpid/test/lab"
)

// subject is one thing that is put into the wire and measured.
type subject struct {
	// name is the one of -only, title the one of the tables.
	name, title string
	// tools must be installed for it.
	tools []string
	// version is what it says of itself; "" if there is nothing to say.
	version func(context.Context) (string, error)
	// enter puts it into the lab's box, ready for traffic.
	enter func(context.Context, *lab.Lab) (inline, error)
	loads []load
	// mixes: it is known to give one client's requests another's address.
	mixes bool
}

// inline is a subject at its place in the box. The lab's Close ends it too, so
// leave is for those who care how it ends.
type inline interface {
	// processes says which processes do its work, each with the part it plays.
	processes(context.Context) (map[int]string, error)
	// tail is the last it logged.
	tail() string
	leave() error
}

// Names of subjects that others are compared with.
const (
	bareWire = "wire"
	standard = "haproxy"
	ours     = "limpid"
)

// subjects lists all, in the order of turns and tables. limpid and the wire
// follow each other, and so do the loads that compare these two.
func subjects(p plan) []subject {
	proxied := []load{p.idle(), p.keepAlive(captured), p.newConnections(), p.bulk(captured)}
	bridged := []load{p.keepAlive(past), p.bulk(past)}
	return []subject{
		{name: standard, title: "HAProxy", tools: []string{"haproxy"}, version: haproxyVersion, enter: enterHAProxy, loads: proxied},
		{name: "trafficserver", title: "Traffic Server", tools: []string{"traffic_server"}, version: trafficServerVersion, enter: enterTrafficServer, loads: proxied},
		{name: "trafficserver-sharing", title: "Traffic Server, sharing*", tools: []string{"traffic_server"}, enter: enterTrafficServerSharing, loads: proxied, mixes: true},
		{name: "squid", title: "Squid", tools: []string{"squid", "unshare"}, version: squidVersion, enter: enterSquid, loads: proxied},
		{name: ours, title: "limpid", version: limpidVersion, enter: enterLimpid, loads: slices.Concat(proxied, bridged)},
		{name: bareWire, title: "no proxy: a plain bridge", enter: enterWire, loads: slices.Concat(bridged, proxied[1:])},
	}
}

// tools are those that every run needs.
func tools(list []subject) []string {
	all := []string{"nginx", "wrk", "nft", "ip"}
	for _, s := range list {
		all = append(all, s.tools...)
	}
	return all
}

// firstLine is how programs tell their version.
func firstLine(out []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return strings.TrimSpace(line)
}

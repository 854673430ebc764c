package main

import (
	"context"
	"strings"

	"limpid/test/lab"
)

// subject is one thing that is put into the wire and measured.
type subject struct {
	// name is the one of -only, title the one of the tables.
	name, title string
	// tools must be installed for it.
	tools []string
	// version is what it says of itself; nil if another subject says it.
	version func(context.Context) (string, error)
	enter   enter
	loads   []load
	// mixes: it is known to give one client's requests another's address.
	mixes bool
	// beside: another way of limpid's own, which the chart leaves out.
	beside bool
	// family names the program, of which there may be several configurations.
	family string
}

// enter puts a subject into the lab's box, ready for traffic, with that many
// threads or workers.
type enter func(ctx context.Context, l *lab.Lab, threads int) (inline, error)

// inline is a subject at its place in the box. The lab's Close ends it too, so
// leave is for those who care how it ends.
type inline interface {
	// processes says which processes do its work, each with the part it plays.
	processes(context.Context) (map[int]string, error)
	// tail is the last it logged.
	tail() string
	leave() error
}

// Names of subjects that others are compared with, and of families.
const (
	bareWire = "wire"
	standard = "haproxy"
	ours     = "limpid"

	withSets   = "limpid-sets"
	mirrored   = "limpid-mirror"
	familyATS  = "Traffic Server"
	familyHA   = "HAProxy"
	familyOurs = "limpid"
)

// subjects lists all, in the order of turns and tables. limpid and the wire
// follow each other, and so do the loads that compare these two.
func subjects(p plan) []subject {
	// What a body costs does not depend on the rest, and what the rest costs not on how bodies cross: HAProxy's ways to
	// splice need no turn in every load. Traffic Server one to one needs none in those that it cannot stand.
	var (
		all     = p.loads(keyIdle, keyKeepAlive, keyNew, keyBulk, keyPacedLow, keyPacedHigh, keyPacedNew, keyPinned, keyPinnedBulk)
		spliced = p.loads(keyIdle, keyKeepAlive, keyBulk, keyPinnedBulk)
		single  = p.loads(keyKeepAlive, keyNew, keyBulk)
		inlined = p.loads(keyIdle, keyKeepAlive, keyNew, keyBulk, keyPacedLow, keyPacedHigh, keyPacedNew, keyPastSmall, keyPastBulk, keyPinned, keyPinnedBulk)
		bridged = p.loads(keyPastSmall, keyPastBulk, keyKeepAlive, keyNew, keyBulk, keyPacedLow, keyPacedHigh, keyPacedNew, keyPinned, keyPinnedBulk)
		ats     = []string{"traffic_server"}
		ha      = []string{"haproxy"}
	)
	return []subject{
		{name: standard, title: "HAProxy", tools: ha, version: haproxyVersion, enter: haproxy(), loads: all, family: familyHA},
		{name: "haproxy-splice-auto", title: "HAProxy, splice-auto", tools: ha, enter: haproxy("splice-auto"), loads: p.loads(keyBulk), family: familyHA},
		{name: "haproxy-splice", title: "HAProxy, splice", tools: ha, enter: haproxy("splice-request", "splice-response"), loads: spliced, family: familyHA},
		{name: "trafficserver", title: "Traffic Server", tools: ats, version: trafficServerVersion, enter: trafficServer(oneToOne), loads: single, family: familyATS},
		{name: "trafficserver-sharing", title: "Traffic Server, sharing*", tools: ats, enter: trafficServer(sharing), loads: all, mixes: true, family: familyATS},
		{name: "squid", title: "Squid", tools: []string{"squid", "unshare"}, version: squidVersion, enter: enterSquid, loads: all, family: "Squid"},
		{name: ours, title: "limpid", version: limpidVersion, enter: enterLimpid("accept", "1s"), loads: inlined, family: familyOurs},
		{name: withSets, title: "limpid, sets†", enter: enterLimpid("accept", "1s", "--flow-memory", "sets"), loads: p.loads(keyNew), beside: true, family: familyOurs},
		{name: bareWire, title: "no proxy: a plain bridge", enter: enterWire, loads: bridged},
	}
}

// tools are those that every run needs, and those of its subjects.
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

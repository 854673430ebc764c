package web

import (
	"net/netip"
	"time"

	"limpid/appliance/control"
)

// settledFresh is for how long an answer about the settings is taken for true where
// rows say what becomes of the next connection.
const settledFresh = 2 * time.Second

// entryOf is a pair as limpid.toml has it, an address without the length of a prefix.
func entryOf(pair control.BypassPair) string {
	end := func(name string, p netip.Prefix) string {
		if p.IsSingleIP() {
			return name + ` = "` + p.Addr().String() + `"`
		}
		return name + ` = "` + p.String() + `"`
	}
	switch {
	case !pair.Server.IsValid():
		return "{" + end("client", pair.Client) + "}"
	case !pair.Client.IsValid():
		return "{" + end("server", pair.Server) + "}"
	}
	return "{" + end("client", pair.Client) + ", " + end("server", pair.Server) + "}"
}

// coveredBy gives the first entry that holds for all connections of a pair.
func coveredBy(entries []control.BypassPair, pair control.BypassPair) (entry control.BypassPair, ok bool) {
	for _, e := range entries {
		if holds(e.Client, pair.Client) && holds(e.Server, pair.Server) {
			return e, true
		}
	}
	return control.BypassPair{}, false
}

// holds reports whether all addresses that one end of a pair stands for are in that of
// an entry.
func holds(entry, wanted netip.Prefix) bool {
	switch {
	case !entry.IsValid():
		return true
	case !wanted.IsValid():
		return false
	}
	return entry.Bits() <= wanted.Bits() && entry.Contains(wanted.Addr())
}

// neverCaptured says of a connection that is made from now on whether it is left alone,
// and by which entry; empty: it is not.
func neverCaptured(entries []control.BypassPair, client, server netip.Addr) string {
	entry, ok := coveredBy(entries, control.BypassPair{Client: single(client), Server: single(server)})
	if !ok {
		return ""
	}
	return "Not captured any more: " + bypassKey + " has " + entryOf(entry)
}

package config

import (
	"fmt"
	"net/netip"
)

// Pair is a set of connections that are never captured: from Client to Server. One of them may be invalid, which
// stands for any address of either family; both are masked, and of one family when both are valid.
type Pair struct {
	Client netip.Prefix `toml:"client,omitempty"`
	Server netip.Prefix `toml:"server,omitempty"`
}

// String is the pair as "client -> server", with "any" for an end that is left open.
func (p Pair) String() string {
	end := func(p netip.Prefix) string {
		if !p.IsValid() {
			return "any"
		}
		return p.String()
	}
	return end(p.Client) + " -> " + end(p.Server)
}

// pair reads {client, server}. It reports whether the pair is good.
func pair(t *table) (Pair, bool) {
	var p Pair
	t.text("client", takeBlock(&p.Client))
	t.text("server", takeBlock(&p.Server))
	if !t.doc.sound(t.path) {
		return p, false
	}
	switch {
	case !p.Client.IsValid() && !p.Server.IsValid():
		t.doc.report(t.path, "names neither client nor server; give at least one of them")
	case p.Client.IsValid() && p.Server.IsValid() && p.Client.Addr().Is4() != p.Server.Addr().Is4():
		t.doc.report(t.path, "client %s and server %s are of different families; make both IPv4 or both IPv6", p.Client, p.Server)
	default:
		return p, true
	}
	return p, false
}

// takeBlock accepts a prefix without host bits.
func takeBlock(to *netip.Prefix) func(string) error {
	return func(s string) error {
		p, err := parsePrefix(s)
		if err != nil {
			return err
		}
		if p != p.Masked() {
			return fmt.Errorf("%s has host bits set; write %q", quote(s), p.Masked())
		}
		*to = p
		return nil
	}
}

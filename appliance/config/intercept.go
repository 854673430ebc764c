package config

import (
	"errors"
	"reflect"
)

// readIntercept reads what is taken off the wire. The ports may include proxy.port: that is on loopback, and frames on
// the wire never reach it by its number.
func readIntercept(t *table, to *Intercept) {
	if numbers(t, "ports", 1, 65535, &to.Ports) && len(to.Ports) == 0 && t.doc.sound(t.key("ports")) {
		t.doc.report(t.key("ports"), "is empty; name at least one TCP port, like ports = [80]")
	}
	readMode(t, to)
	word(t, "capture", &to.Capture, CaptureAuto, CaptureBroute, CaptureRedirect)
	word(t, "handshake", &to.Handshake, HandshakeAuto, HandshakeMirror, HandshakeAccept)
	t.flag("ipv6", &to.IPv6)
	number(t, "max_connections", 1, 1_000_000, &to.MaxConnections)
	readBypass(t, to)
}

// readMode refuses "outbound" by name: other proxies have it, so it is asked for.
func readMode(t *table, to *Intercept) {
	if t.values["mode"] == "outbound" {
		t.text("mode", func(string) error {
			return errors.New(`"outbound" would have to take the server from a header, and limpid only goes where the client went; use "full" or "inbound"`)
		})
		return
	}
	word(t, "mode", &to.Mode, ModeFull, ModeInbound)
}

// readBypass reads the pairs, written inline or as [[intercept.bypass]] tables. A pair with a problem is left out, and
// the others are still checked.
func readBypass(t *table, to *Intercept) {
	items, ok := t.list("bypass")
	if !ok {
		return
	}
	first := map[Pair]string{}
	for i, v := range items {
		path := element(t.key("bypass"), i)
		values, ok := v.(map[string]any)
		if !ok {
			t.doc.report(path, `must be a table, not %s; write {client = "10.0.0.0/8"}, {server = ...} or both`, kind(v))
			continue
		}
		row := &table{t.doc, path, values}
		refuseUnknown(row, reflect.TypeFor[Pair]())
		p, ok := pair(row)
		if !ok {
			continue
		}
		// An nft set refuses a whole batch for one element that is named twice (EEXIST).
		if same, ok := first[p]; ok {
			t.doc.report(path, "is the same as %s; keep one", same)
			continue
		}
		first[p] = path
		to.Bypass = append(to.Bypass, p)
	}
}

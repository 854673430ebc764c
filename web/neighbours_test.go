package web

import (
	"errors"
	"strings"
	"testing"

	"limpid/appliance/control"
)

// lldpFrame is one of a system at its port, which it describes; it holds for two minutes.
func lldpFrame(name, port, description string) []byte {
	value := func(kind byte, text string) string { return string([]byte{kind << 1, byte(len(text))}) + text }
	return []byte("\x01\x80\xc2\x00\x00\x0e\x02\x00\x00\x00\x00\x07\x88\xcc" + value(1, "\x07of "+name) + value(2, "\x05"+port) + value(3, "\x00\x78") +
		value(4, description) + value(5, name) + "\x00\x00")
}

// TestNeighboursAreShown names those who are there under their end of the wire, to whoever has logged in.
func TestNeighboursAreShown(t *testing.T) {
	b := guarded()
	b.neighbours = control.Neighbours{
		LAN: []control.Neighbour{{Age: 12.7, Frame: lldpFrame("core<b>1", "Gi1/0/7", "uplink \"limpid\"")}, {Age: 200, Frame: lldpFrame("long gone", "1", "")}},
		WAN: []control.Neighbour{{Age: 61, Frame: lldpFrame("edge", "swp9", "swp9")}, {Frame: []byte("noise")}},
	}
	p := newPage(t, b)
	const clients = `<ul aria-label="Neighbours at the clients&#39; end"><li title="uplink &#34;limpid&#34;, seen 12 s ago">core&lt;b&gt;1<small>port Gi1/0/7</small></li></ul>`
	const servers = `<ul class="far" aria-label="Neighbours at the servers&#39; end"><li title="seen 1 min 1 s ago">edge<small>port swp9</small></li></ul>`
	for name, h := range map[string]holder{"reader": {readers, "of the reader"}, "owner": {owners, "of the owner"}} {
		for _, path := range []string{"/", "/live"} {
			got := strings.NewReplacer("clients' end", "clients&#39; end", "servers' end", "servers&#39; end").Replace(enter(t, p, h).get(path).text)
			for _, want := range []string{clients, servers} {
				if !strings.Contains(got, want) {
					t.Errorf("%s as %s has no\n%s:\n%s", path, name, want, got)
				}
			}
			if strings.Contains(got, "long gone") {
				t.Errorf("%s as %s shows who is gone", path, name)
			}
		}
	}
	for _, path := range []string{"/", "/live"} {
		if got := (&visitor{t: t, handler: p.Handler()}).get(path).text; strings.Contains(got, "edge") || strings.Contains(got, "core") || strings.Contains(got, "beside") {
			t.Errorf("%s tells strangers: %s", path, got)
		}
	}
}

// TestNobodyIsShown: without neighbours there is nothing, and not their place either.
func TestNobodyIsShown(t *testing.T) {
	b := guarded()
	p := newPage(t, b)
	v := enter(t, p, holder{owners, "of the owner"})
	if got := v.get("/").text; strings.Contains(got, "beside") || !strings.Contains(got, "The wire") {
		t.Errorf("got %s", got)
	}
	b.set(func(b *box) {
		b.neighbours.WAN = []control.Neighbour{{Frame: lldpFrame("edge", "1", "")}}
	})
	p.beside.at = p.beside.at.Add(-besideFresh)
	if got := v.get("/").text; strings.Count(got, "<ul") < 1 || !strings.Contains(got, "edge") || strings.Contains(got, "Neighbours at the clients") {
		t.Errorf("got %s", got)
	}
	// They cannot be had for once: all else is shown.
	p.beside.last, p.beside.err = control.Neighbours{}, errors.New("gone")
	if got := v.get("/").text; strings.Contains(got, "edge") || !strings.Contains(got, "INLINE") {
		t.Errorf("got %s", got)
	}
}

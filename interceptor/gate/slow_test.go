package gate

import (
	"net/netip"
	"testing"
	"time"
)

func TestSlowPairsAreForgotten(t *testing.T) {
	at := func(client, server string) tuple {
		return tuple{netip.MustParseAddrPort(client), netip.MustParseAddrPort(server)}
	}
	start := time.Unix(1000, 0)
	s := slowPairs{}
	s.add(at("192.0.2.1:1", "198.51.100.1:80"), start)
	if !s.has(at("192.0.2.1:2", "198.51.100.1:80"), start.Add(slowTime-1)) {
		t.Error("another port of the same pair is not left alone")
	}
	if s.has(at("192.0.2.2:1", "198.51.100.1:80"), start) {
		t.Error("another client is left alone")
	}
	if s.has(at("192.0.2.1:1", "198.51.100.1:80"), start.Add(slowTime)) {
		t.Error("left alone for longer than slowTime")
	}
	s.forget(start.Add(slowTime))
	if len(s) != 0 {
		t.Errorf("%d pairs kept past their time", len(s))
	}
	for i := range slowMax + 10 {
		s.add(tuple{netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 1), netip.MustParseAddrPort("198.51.100.1:80")}, start)
	}
	if len(s) != slowMax {
		t.Errorf("%d pairs kept, want %d at most", len(s), slowMax)
	}
}

package main

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"limpid/test/lab"
)

// onPlainWire is the demo's network with an ordinary bridge in limpid's place,
// and all that the demo said there.
func onPlainWire(t *testing.T) (*demo, *strings.Builder) {
	t.Helper()
	var said strings.Builder
	d := &demo{screen: &screen{out: &said}}
	t.Cleanup(func() {
		if err := d.takeDown(false); err != nil {
			t.Error(err)
		}
	})
	if err := d.requirements(); err != nil {
		t.Fatal(err)
	}
	if err := d.buildNetwork(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.lab.PlainBridge(); err != nil {
		t.Fatal(err)
	}
	return d, &said
}

// TestClientsAndServers shows that what the demo puts at both ends works on a
// plain wire, so that whatever fails in the demo is between them.
func TestClientsAndServers(t *testing.T) {
	d, said := onPlainWire(t)
	if err := d.fetchAll(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	x, err := d.request(t.Context(), d.lab.C1, d.s1, "10.77.0.101", true)
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	if err := x.checkEnds(); err != nil {
		t.Error(err)
	}
	if err := ownMACs(x, d.lab.C1, d.lab.S1); err != nil {
		t.Error(err)
	}
	rows, err := x.sideBySide()
	if err != nil {
		t.Fatal(err)
	}
	d.screen.table(rows)
	if len(rows) != 9 || rows[1][1] != "02:77:00:00:00:11 "+x.client.String() || rows[2][2] != "02:77:00:00:01:01 10.77.0.101:80" {
		t.Errorf("table %q", rows)
	}
	if here, there, err := x.serverSequence(); err != nil || here != there {
		t.Errorf("a plain wire changed the sequence number %d to %d, %v", there, here, err)
	}
	y, err := d.request(t.Context(), d.lab.C1, d.s1, "10.77.0.101", false)
	if err != nil {
		t.Fatal(err)
	}
	if err := x.sameAs(y); err != nil {
		t.Error(err)
	}
	report := d.load().Run(t.Context(), loadAfter/5)
	if report.Failures() != 0 || report.Bytes() != int64(report.Count()*loadSize) {
		t.Errorf("%v, %v", report, report.Err())
	}
	for line := range strings.Lines(said.String()) {
		if len(line) > columns+1 {
			t.Errorf("line of %d columns: %s", len(line)-1, line)
		}
	}
	home := d.lab.Dir()
	if err := d.takeDown(false); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(home, "s1")); !os.IsNotExist(err) {
		t.Errorf("what nginx wrote is left: %v", err)
	}
}

// TestChecksNotice shows that each comparison the demo draws can fail.
func TestChecksNotice(t *testing.T) {
	d, said := onPlainWire(t)
	// Another request shows only in the client's port and the sequence numbers.
	x, err := d.request(t.Context(), d.lab.C1, d.s1, "10.77.0.101", false)
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	y, err := d.request(t.Context(), d.lab.C2, d.s2, "10.80.0.2", false)
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	if err := x.sameAs(y); err == nil {
		t.Error("requests of two hosts look the same")
	}
	if err := ownMACs(y, d.lab.C2, d.lab.S2); err == nil {
		t.Error("s2 behind a router is on the wire with its own MAC")
	}
	for name, change := range map[string]func(*exchange){
		"the log has another port": func(x *exchange) { x.client = netip.AddrPortFrom(x.client.Addr(), x.client.Port()+1) },
		"one frame's MAC":          func(x *exchange) { x.wan[1].SrcMAC[5]++ },
		"one side has no SYN-ACK":  func(x *exchange) { x.wan = x.wan[:1] },
	} {
		changed := *x
		changed.lan, changed.wan = append([]lab.Frame(nil), x.lan...), append([]lab.Frame(nil), x.wan...)
		change(&changed)
		if err := changed.checkEnds(); err == nil {
			t.Errorf("not noticed: %s", name)
		}
	}
	short, cancel := context.WithCancel(t.Context())
	cancel()
	if line, err := d.s1.logged(short, netip.MustParseAddrPort("10.77.0.11:1")); err == nil {
		t.Errorf("a client that never came is in the log: %s", line)
	}
	if err := os.WriteFile(filepath.Join(d.home, "one"), []byte("short"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := isBig(filepath.Join(d.home, "one")); err == nil {
		t.Error("a short copy passes for the whole file")
	}
}

func TestParseEnds(t *testing.T) {
	client, server, err := parseEnds("HTTP/1.1 200 OK\r\n\r\nhi\ncurl: from 10.77.0.11:40000 to 10.77.0.101:80\n")
	if err != nil || client.String() != "10.77.0.11:40000" || server.String() != "10.77.0.101:80" {
		t.Errorf("got %v, %v, %v", client, server, err)
	}
	for _, bad := range []string{"", "hi", "curl: from 10.77.0.11:40000", "curl: from x to y", "curl: from 10.77.0.11:1 to :80"} {
		if _, _, err := parseEnds(bad); err == nil {
			t.Errorf("%q has addresses", bad)
		}
	}
}

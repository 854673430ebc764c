package config

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	tests := []struct{ name, source, want string }{
		{"defaults", ports, "br0 = eth0 (clients) + eth1 (servers); management dhcp; " +
			"TCP 80 over IPv4 and IPv6, mode full, capture auto, handshake auto, at most 65536 connections; non-HTTP tunnel"},
		{"every key", everyKey, "wire = lan (clients) + wan (servers); management 192.0.2.10/24 via 192.0.2.1 on eth2 in VLAN 7; " +
			"TCP 8000,80 over IPv4, mode inbound, capture redirect, handshake accept, at most 1000000 connections, 2 bypass pairs; " +
			"non-HTTP reset"},
		{"disk cache, no management", ports + "management.address = \"none\"\ncache.disk = \"1GiB\"\nintercept.max_connections = 1\nrules.block = [\"a\"]",
			"br0 = eth0 (clients) + eth1 (servers); management none; TCP 80 over IPv4 and IPv6, mode full, capture auto, handshake auto, " +
				"at most 1 connection; non-HTTP tunnel"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "limpid.toml")
			write(t, path, tt.source)
			var out bytes.Buffer
			if err := Check(&out, path); err != nil {
				t.Fatal(err)
			}
			if want := path + ": ok\n" + tt.want + "\n"; out.String() != want {
				t.Errorf("got\n%s\nwant\n%s", out.String(), want)
			}
		})
	}
}

func TestCheckRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "limpid.toml")
	write(t, path, ports+"web.listen = 1\nlog.keep = -1\n")
	var out bytes.Buffer
	err := Check(&out, path)
	if e, ok := errors.AsType[*InvalidError](err); !ok || len(e.Problems) != 2 || e.Problems[1].Line != 3 || e.Problems[1].Key != "log.keep" {
		t.Errorf("got %v", err)
	}
	if out.Len() > 0 {
		t.Errorf("printed %q", out.String())
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestCheckReportsWriteError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "limpid.toml")
	write(t, path, ports)
	if err := Check(brokenPipe{}, path); err == nil || !strings.HasSuffix(err.Error(), "broken pipe") {
		t.Errorf("got %v", err)
	}
}

package config

import (
	"net/netip"
	"time"
)

// Default returns what an empty file stands for. Only Bridge.Ports has no default and is empty. Lists are empty,
// never nil, so that two configurations can be compared whatever way they were made.
func Default() *Config {
	return &Config{
		Bridge:     Bridge{Name: "br0", Ports: []string{}, VLANs: []uint16{}},
		Management: Management{DHCP: true, DNS: []netip.Addr{}, NTP: []string{}, Timezone: "UTC"},
		Intercept: Intercept{
			Ports:          []uint16{80},
			Mode:           ModeFull,
			Capture:        CaptureAuto,
			Handshake:      HandshakeAuto,
			IPv6:           true,
			MaxConnections: 65536,
			Bypass:         []Pair{},
		},
		Proxy: Proxy{
			Port:        8080,
			ClientPort:  ClientPortKeep,
			NonHTTP:     NonHTTPTunnel,
			HeadLimit:   64 * KiB,
			LineLimit:   32 * KiB,
			FieldsLimit: 256,
			HeadTimeout: time.Minute,
			BodyTimeout: time.Hour,
			IdleTimeout: 2*time.Hour + 4*time.Minute,
		},
		Cache:    Cache{Enabled: true, RAM: 256 * MiB, Path: "/data/cache"},
		Rules:    Rules{Block: []string{}},
		Watchdog: Watchdog{Interval: 250 * time.Millisecond, Timeout: time.Second, Hardware: "/dev/watchdog"},
		Web:      Web{Listen: []string{":443", ":80"}},
		Log:      Log{Path: "/data/log", Keep: 64 * MiB, Format: LogJSON, Fsync: FsyncRotate},
		Console:  Console{Shell: true},
	}
}

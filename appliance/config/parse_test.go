package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// everyKey sets every key to something other than its default.
const everyKey = `
[bridge]
name = "wire"
ports = ["lan", "wan"]
vlans = [1, 4094]
link_propagation = true
[management]
address = "192.0.2.10/24"
gateway = "192.0.2.1"
dns = ["192.0.2.53", "2001:db8::53"]
ntp = ["time.example", "2001:db8::123"]
timezone = "Europe/Berlin"
interface = "eth2"
vlan = 7
[intercept]
ports = [8000, 80]
mode = "inbound"
capture = "redirect"
handshake = "accept"
ipv6 = false
max_connections = 1000000
bypass = [{client = "10.0.0.0/8", server = "192.0.2.0/24"}, {server = "2001:db8::1"}]
[proxy]
port = 3128
client_port = "any"
non_http = "reset"
via = false
head_limit = "16KiB"
line_limit = 1024
fields_limit = 4096
head_timeout = "1s"
body_timeout = "0"
idle_timeout = "168h"
[cache]
enabled = false
ram = 1024
disk = "16GiB"
path = "/srv/cache"
[rules]
block = ["ads.example", "*.tracker.example/path*"]
[watchdog]
interval = "1s"
timeout = "1m0s"
hardware = ""
[web]
listen = ["192.0.2.10:443"]
[log]
path = "/var/log/limpid"
keep = "1GiB"
format = "squid"
fsync = "1s"
syslog = "udp://log.example:514"
[console]
shell = false
`

func every() *Config {
	return &Config{
		Bridge: Bridge{Name: "wire", Ports: []string{"lan", "wan"}, VLANs: []uint16{1, 4094}, LinkPropagation: true},
		Management: Management{
			Address:   netip.MustParsePrefix("192.0.2.10/24"),
			Gateway:   netip.MustParseAddr("192.0.2.1"),
			DNS:       []netip.Addr{netip.MustParseAddr("192.0.2.53"), netip.MustParseAddr("2001:db8::53")},
			NTP:       []string{"time.example", "2001:db8::123"},
			Timezone:  "Europe/Berlin",
			Interface: "eth2",
			VLAN:      7,
		},
		Intercept: Intercept{
			Ports: []uint16{8000, 80}, Mode: ModeInbound, Capture: CaptureRedirect, Handshake: HandshakeAccept, MaxConnections: 1_000_000,
			Bypass: []Pair{
				{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.0/24")},
				{Server: netip.MustParsePrefix("2001:db8::1/128")},
			},
		},
		Proxy: Proxy{
			Port: 3128, ClientPort: ClientPortAny, NonHTTP: NonHTTPReset, HeadLimit: 16 * KiB, LineLimit: KiB, FieldsLimit: 4096,
			HeadTimeout: time.Second, IdleTimeout: 168 * time.Hour,
		},
		Cache:    Cache{RAM: KiB, Disk: 16 * GiB, Path: "/srv/cache"},
		Rules:    Rules{Block: []string{"ads.example", "*.tracker.example/path*"}},
		Watchdog: Watchdog{Interval: time.Second, Timeout: time.Minute},
		Web:      Web{Listen: []string{"192.0.2.10:443"}},
		Log:      Log{Path: "/var/log/limpid", Keep: GiB, Format: LogSquid, Fsync: FsyncSecond, Syslog: "udp://log.example:514"},
	}
}

func TestEveryKey(t *testing.T) {
	got, err := Parse("limpid.toml", []byte(everyKey))
	if err != nil {
		t.Fatal(err)
	}
	if want := every(); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	// A key that is missing above would pass unseen: no field may have its default.
	sections, defaults := reflect.ValueOf(got).Elem(), reflect.ValueOf(Default()).Elem()
	for i := range sections.NumField() {
		section := sections.Type().Field(i)
		for j := range section.Type.NumField() {
			if section.Type.Field(j).Name == "Via" {
				continue // its other value is refused
			}
			if reflect.DeepEqual(sections.Field(i).Field(j).Interface(), defaults.Field(i).Field(j).Interface()) {
				t.Errorf("%s.%s has its default", section.Name, section.Type.Field(j).Name)
			}
		}
	}
}

func TestMinimal(t *testing.T) {
	want := Default()
	want.Bridge.Ports = []string{"eth0", "eth1"}
	if got := parsed(t, ""); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// TestAllAtOnce has a problem in every section, in an order that is not the schema's.
func TestAllAtOnce(t *testing.T) {
	testRefusal(t, `log.keep = "lots"

[web]
listen = "443"

[watchdog]
interval = "1ms"
timeot = "1s"

[rules]
block = ["*"]

[cache]
path = "x"

[proxy]
via = 0

[intercept]
ports = [80,
  0]

[management]
vlan = 5000

[bridge]
ports = ["eth0"]
`, `limpid.toml:1: log.keep: "lots" is not a size; write a whole number with B, KiB, MiB or GiB, like "256MiB"
limpid.toml:4: web.listen: must be an array, not a string; put its values in [ ]
limpid.toml:7: watchdog.interval: "1ms" is out of range; use 50ms to 10s
limpid.toml:8: watchdog.timeot: unknown key; did you mean "timeout"?
limpid.toml:11: rules.block[0]: "*" would block every host; name one, like "*.ads.example"
limpid.toml:14: cache.path: "x" is not an absolute path; begin it with /
limpid.toml:17: proxy.via: must be true or false, not an integer; write via = true or via = false
limpid.toml:21: intercept.ports[1]: 0 is out of range; use 1 to 65535
limpid.toml:24: management.vlan: 5000 is out of range; use 0 to 4094
limpid.toml:27: bridge.ports: needs two interfaces, has 1; name the clients' side, then the servers': ports = ["eth0", "eth1"]`)
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	good, bad, missing := filepath.Join(dir, "good.toml"), filepath.Join(dir, "bad.toml"), filepath.Join(dir, "none.toml")
	write(t, good, everyKey)
	write(t, bad, ports+"[proxy]\nvia = 1\n")
	if got, err := Load(good); err != nil || !reflect.DeepEqual(got, every()) {
		t.Errorf("got %+v, %v", got, err)
	}
	for path, want := range map[string]string{
		bad:     bad + ":3: proxy.via: must be true or false, not an integer; write via = true or via = false",
		missing: "read the configuration: open " + missing + `: no such file or directory; write one, the least is: bridge.ports = ["eth0", "eth1"]`,
		dir:     "read the configuration: read " + dir + ": is a directory",
	} {
		c, err := Load(path)
		if err == nil || c != nil || err.Error() != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
	// The least that the error proposes must do.
	_, err := Load(missing)
	_, least, _ := strings.Cut(err.Error(), "the least is: ")
	if _, err := Parse("limpid.toml", []byte(least)); err != nil {
		t.Error(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

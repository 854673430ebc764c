package config

import (
	"net/netip"
	"time"
)

// Config is a whole, valid limpid.toml. The toml tags are the schema: unknown keys are those without a tag here.
type Config struct {
	Bridge     Bridge     `toml:"bridge"`
	Management Management `toml:"management"`
	Intercept  Intercept  `toml:"intercept"`
	Proxy      Proxy      `toml:"proxy"`
	Cache      Cache      `toml:"cache"`
	Rules      Rules      `toml:"rules"`
	Watchdog   Watchdog   `toml:"watchdog"`
	Web        Web        `toml:"web"`
	Log        Log        `toml:"log"`
}

// Bridge names the wire.
type Bridge struct {
	Name            string   `toml:"name"`
	Ports           []string `toml:"ports"` // exactly two: the clients' side, the servers' side
	VLANs           []uint16 `toml:"vlans"` // 1 to 4094: tagged traffic that is intercepted too
	LinkPropagation bool     `toml:"link_propagation"`
}

// Management is the box's own address. The key "address" fills two fields: "dhcp" sets DHCP, a prefix sets Address,
// "none" sets neither.
type Management struct {
	DHCP      bool         `toml:"-"`
	Address   netip.Prefix `toml:"address"` // host address and prefix length; invalid with dhcp and none
	Gateway   netip.Addr   `toml:"gateway"` // invalid when not set
	DNS       []netip.Addr `toml:"dns"`
	Interface string       `toml:"interface"` // "" is the bridge
	VLAN      uint16       `toml:"vlan"`      // 0 is untagged
}

// None reports whether the box has no address of its own.
func (m Management) None() bool { return !m.DHCP && !m.Address.IsValid() }

// Intercept says which connections are taken off the bridge, and how.
type Intercept struct {
	Ports          []uint16  `toml:"ports"` // TCP ports of the servers
	Mode           Mode      `toml:"mode"`
	Capture        Capture   `toml:"capture"`
	Handshake      Handshake `toml:"handshake"`
	IPv6           bool      `toml:"ipv6"`
	MaxConnections int       `toml:"max_connections"` // 1 to 1000000; beyond it, connections are bridged
	Bypass         []Pair    `toml:"bypass"`
}

// Mode says whose address a server sees.
type Mode string

const (
	ModeFull    Mode = "full"    // the client's address and port
	ModeInbound Mode = "inbound" // the box's own address
)

// Capture is the way a frame leaves the bridge for the IP stack.
type Capture string

const (
	CaptureAuto     Capture = "auto"     // broute where the kernel has it
	CaptureBroute   Capture = "broute"   // nft "meta broute set 1", Linux 6.4 with CONFIG_NFT_BRIDGE_META
	CaptureRedirect Capture = "redirect" // destination MAC rewritten to the bridge's, any kernel
)

// Handshake says when a client's SYN is answered.
type Handshake string

const (
	HandshakeAuto   Handshake = "auto"   // mirror where the kernel has it
	HandshakeMirror Handshake = "mirror" // after the server answered
	HandshakeAccept Handshake = "accept" // at once
)

// Proxy holds the choices of the proxy process.
type Proxy struct {
	Port       uint16     `toml:"port"` // of the TPROXY listener on loopback
	ClientPort ClientPort `toml:"client_port"`
	NonHTTP    NonHTTP    `toml:"non_http"`
	Via        bool       `toml:"via"`
}

// ClientPort says which source port a server sees.
type ClientPort string

const (
	ClientPortKeep ClientPort = "keep" // the client's own
	ClientPortAny  ClientPort = "any"  // one the kernel chooses
)

// NonHTTP says what becomes of a captured connection that does not speak HTTP/1.x.
type NonHTTP string

const (
	NonHTTPTunnel NonHTTP = "tunnel" // bytes pass untouched
	NonHTTPReset  NonHTTP = "reset"  // both ends get a reset
)

// Cache bounds what is stored of responses.
type Cache struct {
	Enabled bool   `toml:"enabled"`
	RAM     Size   `toml:"ram"`
	Disk    Size   `toml:"disk"` // 0: memory only
	Path    string `toml:"path"` // absolute
}

// Rules holds the patterns of refused requests: HOST or *.HOST, with an optional /PATH or /PATH*.
type Rules struct {
	Block []string `toml:"block"`
}

// Watchdog times the health check. Timeout is at least twice Interval.
type Watchdog struct {
	Interval time.Duration `toml:"interval"` // 50 ms to 10 s
	Timeout  time.Duration `toml:"timeout"`  // at most 60 s
	Hardware string        `toml:"hardware"` // "" is none
}

// Web lists the addresses of the web page, each an IP address and port; an empty host is every address.
type Web struct {
	Listen []string `toml:"listen"`
}

// Log bounds what is kept on disk, and names a collector.
type Log struct {
	Path   string `toml:"path"`   // absolute
	Keep   Size   `toml:"keep"`   // 0 keeps nothing on disk
	Syslog string `toml:"syslog"` // "", udp://HOST:PORT or tcp://HOST:PORT
}

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
	Console    Console    `toml:"console"`
}

// Bridge names the wire.
type Bridge struct {
	// Name is the bridge interface's: 1 to 15 bytes.
	Name string `toml:"name"`
	// Ports are exactly two different interfaces: the clients' side, the servers' side.
	Ports []string `toml:"ports"`
	// VLANs are the tags, 1 to 4094, whose traffic is intercepted besides untagged traffic.
	VLANs []uint16 `toml:"vlans"`
	// LinkPropagation takes one port's link down with the other's.
	LinkPropagation bool `toml:"link_propagation"`
}

// Management is the box's own address. The key "address" fills two fields: "dhcp" sets DHCP, a prefix sets Address,
// "none" sets neither.
type Management struct {
	DHCP bool `toml:"-"`
	// Address is a host's address with its prefix length; invalid with dhcp and none.
	Address netip.Prefix `toml:"address"`
	// Gateway is invalid when not set, as always with dhcp and none.
	Gateway netip.Addr `toml:"gateway"`
	// DNS are different addresses. Empty with DHCP means those that DHCP offers.
	DNS []netip.Addr `toml:"dns"`
	// NTP are names or addresses, each once, without a port. Empty with DHCP means those that DHCP offers.
	NTP []string `toml:"ntp"`
	// Timezone is the name that time.LoadLocation knows the zone by in which people are told times; "UTC" by default.
	Timezone string `toml:"timezone"`
	// Interface carries the address; "" is the bridge, and it is never one of its ports.
	Interface string `toml:"interface"`
	// VLAN is 1 to 4094, 0 for untagged.
	VLAN uint16 `toml:"vlan"`
}

// None reports whether the box has no address of its own.
func (m Management) None() bool { return !m.DHCP && !m.Address.IsValid() }

// Intercept says which connections are taken off the bridge, and how.
type Intercept struct {
	// Ports are the servers' TCP ports: at least one, different, none 0.
	Ports     []uint16  `toml:"ports"`
	Mode      Mode      `toml:"mode"`
	Capture   Capture   `toml:"capture"`
	Handshake Handshake `toml:"handshake"`
	// IPv6 false leaves IPv6 on the bridge.
	IPv6 bool `toml:"ipv6"`
	// MaxConnections is 1 to 1000000; connections beyond it are bridged.
	MaxConnections int `toml:"max_connections"`
	// Bypass are different pairs. They may overlap.
	Bypass []Pair `toml:"bypass"`
}

// Mode says whose address a server sees. There is no "outbound", which other proxies have: it would take the server
// from a header, and limpid only goes where the client went.
type Mode string

// The modes. ModeInbound comes only with a management address.
const (
	ModeFull    Mode = "full"    // the client's address and port
	ModeInbound Mode = "inbound" // the box's own address
)

// Capture is the way a frame leaves the bridge for the IP stack.
type Capture string

// The ways of capture.
const (
	CaptureAuto     Capture = "auto"     // broute where the kernel has it
	CaptureBroute   Capture = "broute"   // nft "meta broute set 1", Linux 6.4 with CONFIG_NFT_BRIDGE_META
	CaptureRedirect Capture = "redirect" // destination MAC rewritten to the bridge's, any kernel
)

// Handshake says when a client's SYN is answered.
type Handshake string

// The handshakes.
const (
	HandshakeAuto   Handshake = "auto"   // mirror where the kernel has it
	HandshakeMirror Handshake = "mirror" // after the server answered; needs CONFIG_NFT_QUEUE
	HandshakeAccept Handshake = "accept" // at once
)

// Proxy holds the choices of the proxy process.
type Proxy struct {
	// Port is the TPROXY listener's on 127.0.0.1 and ::1, 1 to 65535.
	Port       uint16     `toml:"port"`
	ClientPort ClientPort `toml:"client_port"`
	NonHTTP    NonHTTP    `toml:"non_http"`
	// Via adds a Via field to messages (RFC 9110, 7.6.3).
	Via bool `toml:"via"`
	// HeadLimit bounds a message's head, LineLimit one of its lines without CR LF: 4 KiB and 1 KiB to 64 KiB.
	HeadLimit Size `toml:"head_limit"`
	LineLimit Size `toml:"line_limit"`
	// FieldsLimit is how many field lines a head may have, 16 to 4096.
	FieldsLimit int `toml:"fields_limit"`
	// HeadTimeout is how long a head may take from its first byte to its end: 0 for ever, or 1 s to 24 h.
	HeadTimeout time.Duration `toml:"head_timeout"`
	// BodyTimeout is how long a message that has begun may stand still: 0 for ever, or 1 s to 24 h.
	BodyTimeout time.Duration `toml:"body_timeout"`
	// IdleTimeout is how long nothing at all may move on a connection: 0 for ever, or 1 s to 168 h.
	IdleTimeout time.Duration `toml:"idle_timeout"`
}

// ClientPort says which source port a server sees.
type ClientPort string

// The source ports.
const (
	ClientPortKeep ClientPort = "keep" // the client's own
	ClientPortAny  ClientPort = "any"  // one the kernel chooses
)

// NonHTTP says what becomes of a captured connection that does not speak HTTP/1.x.
type NonHTTP string

// The fates of such a connection.
const (
	NonHTTPTunnel NonHTTP = "tunnel" // bytes pass untouched
	NonHTTPReset  NonHTTP = "reset"  // both ends get a reset
)

// Cache bounds what is stored of responses.
type Cache struct {
	Enabled bool `toml:"enabled"`
	// RAM and Disk are the room for stored responses; 0 switches that level off.
	RAM  Size `toml:"ram"`
	Disk Size `toml:"disk"`
	// Path is the absolute path of the directory for Disk.
	Path string `toml:"path"`
}

// Rules holds the patterns of refused requests.
type Rules struct {
	// Block are patterns HOST or *.HOST, alone or with /PATH or /PATH*. A HOST is ASCII, in any case, without port; an
	// IPv6 address stands in brackets.
	Block []string `toml:"block"`
}

// Watchdog times the health check.
type Watchdog struct {
	// Interval between two checks: 50 ms to 10 s.
	Interval time.Duration `toml:"interval"`
	// Timeout after which connections go past the proxy: twice Interval to 60 s.
	Timeout time.Duration `toml:"timeout"`
	// Hardware is the absolute path of the watchdog device, "" for none.
	Hardware string `toml:"hardware"`
}

// Web says where the web page is.
type Web struct {
	// Listen are addresses for net.Listen: IP address and port, an empty host for every address. Empty is no page.
	Listen []string `toml:"listen"`
}

// Log bounds what is kept on disk, and names a collector.
type Log struct {
	// Path is the absolute path of the directory for log files.
	Path string `toml:"path"`
	// Keep is the room for them: 0 for none on disk, else at least 1 MiB.
	Keep   Size      `toml:"keep"`
	Format LogFormat `toml:"format"`
	Fsync  Fsync     `toml:"fsync"`
	// Syslog is "", udp://HOST:PORT or tcp://HOST:PORT.
	Syslog string `toml:"syslog"`
}

// LogFormat says what a line of a log file looks like.
type LogFormat string

// The formats.
const (
	LogJSON  LogFormat = "json"  // access.jsonl
	LogSquid LogFormat = "squid" // access.log
)

// Fsync says when log files are forced to the disk, besides the orderly end.
type Fsync string

// The times.
const (
	FsyncRotate Fsync = "rotate" // when a file is complete
	FsyncSecond Fsync = "1s"     // that, and a second after something was written
	FsyncNever  Fsync = "never"  // not even at the end
)

// Console says what the box's own screen and serial line may do.
type Console struct {
	// Shell lets whoever sits there open a rescue shell as root.
	Shell bool `toml:"shell"`
}

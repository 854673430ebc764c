package interceptor

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"time"
)

// Capture is how a frame is taken off the bridge.
type Capture string

// Capture methods. Broute leaves the frame as it is and needs Linux 6.4 with
// CONFIG_NFT_BRIDGE_META; Redirect writes the bridge's own MAC into it.
const (
	Broute   Capture = "broute"
	Redirect Capture = "redirect"
)

// Handshake is when a client's SYN is answered.
type Handshake string

// Handshakes. Mirror asks the gate for each SYN (needs CONFIG_NFT_QUEUE);
// Accept lets the kernel answer at once.
const (
	Mirror Handshake = "mirror"
	Accept Handshake = "accept"
)

// Pair is connections that are never captured. Both prefixes are of one family;
// one of them may be the zero Prefix, for any address of the other's.
type Pair struct{ Client, Server netip.Prefix }

// whole fills the prefix that was left out.
func (p Pair) whole() Pair {
	if !p.Client.IsValid() && p.Server.IsValid() {
		p.Client = anyAddress(p.Server)
	}
	if !p.Server.IsValid() && p.Client.IsValid() {
		p.Server = anyAddress(p.Client)
	}
	return p
}

func anyAddress(like netip.Prefix) netip.Prefix {
	if like.Addr().Is4() {
		return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
}

// Spec is everything the installed rules depend on.
type Spec struct {
	Bridge    string
	BridgeMAC [6]byte
	LAN, WAN  string   // the ports towards clients and servers
	Ports     []uint16 // TCP ports captured
	VLANs     []uint16 // 802.1Q identifiers captured beside untagged frames
	Capture   Capture
	Handshake Handshake
	Memory    Memory
	IPv6      bool
	ProxyPort uint16 // of the TPROXY listeners on 127.0.0.1 and ::1
	Queue     uint16 // NFQUEUE number the gate listens on
	OwnPorts  bool   // upstream connections come from ports of the box's choice, not the client's
	Slots     uint32 // flows in the kernel's sets, those included that have just ended; further ones are bridged
	Bypass    []Pair

	FlowTimeout    time.Duration // an idle flow is forgotten; above the sockets' keepalive, and as long as they send again what is lost
	OpeningTimeout time.Duration // the same while its peer has said nothing but SYN, or nothing at all
	EndedTimeout   time.Duration // a flow that is over is forgotten; above a few retransmissions
	AskedTimeout   time.Duration // the MACs of a SYN are forgotten; above any wait in the listener's backlog
	ArmedTimeout   time.Duration // capture of new flows stops when Arm is not called

	lanIndex, wanIndex int // of the interfaces that programs are at; Apply finds them
}

// DefaultTimeouts fills the timeouts that are 0.
func (s Spec) DefaultTimeouts() Spec {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	// TCP gives up on what is not acknowledged after 15 minutes (tcp(7),
	// tcp_retries2): an outage that it outlives must not end the capture.
	set(&s.FlowTimeout, 20*time.Minute)
	// A SYN is sent again for the last time 32 s, an answer to one 16 s after
	// the time before (tcp(7), tcp_syn_retries, tcp_synack_retries).
	set(&s.OpeningTimeout, 100*time.Second)
	set(&s.EndedTimeout, 20*time.Second)
	set(&s.AskedTimeout, time.Minute)
	set(&s.ArmedTimeout, time.Second)
	return s
}

// Validate refuses a Spec no rules can be made of, and says all that is wrong.
func (s Spec) Validate() error {
	var errs []error
	wrong := func(is bool, format string, args ...any) {
		if is {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	for _, name := range []string{s.Bridge, s.LAN, s.WAN} {
		wrong(name == "" || len(name) > 15, "interface name %q: want 1 to 15 bytes", name)
	}
	wrong(s.LAN == s.WAN, "both ports are %s: name two different ones", s.LAN)
	wrong(len(s.Ports) == 0 || slices.Contains(s.Ports, 0), "no TCP port to capture, or port 0")
	wrong(s.ProxyPort == 0, "no proxy port")
	wrong(s.Capture != Broute && s.Capture != Redirect, "capture %q: want %s or %s", s.Capture, Broute, Redirect)
	wrong(s.Handshake != Mirror && s.Handshake != Accept, "handshake %q: want %s or %s", s.Handshake, Mirror, Accept)
	wrong(s.Memory != Sets && s.Memory != Programs, "memory %q: want %s or %s", s.Memory, Sets, Programs)
	wrong(s.Memory == Programs && s.OwnPorts, "memory %s with ports of its own: want %s", Programs, Sets)
	wrong(s.Slots == 0, "no room for a single flow")
	wrong(s.BridgeMAC == [6]byte{}, "bridge %s has no MAC", s.Bridge)
	for _, p := range s.Bypass {
		p = p.whole()
		wrong(!p.Client.IsValid() || p.Client.Addr().Is4() != p.Server.Addr().Is4(),
			"bypass %v to %v: want prefixes of one family", p.Client, p.Server)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("check capture rules: %w", err)
	}
	return nil
}

// equal says that s and o install the same rules.
func (s Spec) equal(o Spec) bool { return reflect.DeepEqual(s, o) }

func (s Spec) families() []family {
	if s.IPv6 {
		return []family{ipv4(), ipv6()}
	}
	return []family{ipv4()}
}

func (s Spec) mac() net.HardwareAddr { return net.HardwareAddr(s.BridgeMAC[:]) }

package interceptor

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// typed is a packet socket for one EtherType on one device. With a mark it hears only
// frames that have it.
type typed struct {
	t  *testing.T
	fd int
}

func listenTyped(t *testing.T, device string, etherType uint16, mark Mark) typed {
	t.Helper()
	at, err := net.InterfaceByName(device)
	must(t, err)
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	t.Cleanup(func() { _ = unix.Close(fd) })
	if mark != 0 {
		program, err := bpf.Assemble([]bpf.Instruction{
			bpf.LoadExtension{Num: bpf.ExtMark}, bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(mark), SkipTrue: 1}, bpf.RetConstant{}, bpf.RetConstant{Val: 4096},
		})
		must(t, err)
		var filters []unix.SockFilter
		for _, in := range program {
			filters = append(filters, unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K})
		}
		must(t, unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(filters)), Filter: unsafe.SliceData(filters)}))
	}
	must(t, unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 10}))
	must(t, unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, etherType)), Ifindex: at.Index}))
	return typed{t, fd}
}

// hears takes the next frame, and says for whom the kernel has taken it (packet(7)).
func (s typed) hears() (frame []byte, kind uint8) {
	s.t.Helper()
	b := make([]byte, 4096)
	n, from, err := unix.Recvfrom(s.fd, b, 0)
	must(s.t, err)
	if ll, ok := from.(*unix.SockaddrLinklayer); ok {
		kind = ll.Pkttype
	}
	return b[:n], kind
}

func (s typed) hasNothing() bool {
	_, _, err := unix.Recvfrom(s.fd, make([]byte, 4096), unix.MSG_DONTWAIT)
	return errors.Is(err, unix.EAGAIN)
}

func (s typed) sends(frame []byte) {
	s.t.Helper()
	_, err := unix.Write(s.fd, frame)
	must(s.t, err)
}

// TestHeard holds what neighbours are heard by to the kernel: frames of LLDP cross the
// bridge unchanged, and it gives itself a copy of each, marked by the port it came in
// by; a socket on a port hears none, and what only crosses meets neither chain nor socket.
func TestHeard(t *testing.T) {
	s := box(t)
	i := opened(t)
	must(t, i.Apply(t.Context(), s))
	output(t, "ip", "link", "set", "br0", "type", "bridge", "group_fwd_mask", "65528", "mcast_snooping", "0", "forward_delay", "0")
	output(t, "ip", "link", "set", "peer0", "up")
	output(t, "ip", "link", "set", "peer1", "up")
	output(t, "nft", "add table bridge probe; add chain bridge probe met { type filter hook input priority -1; }; add rule bridge probe met ether type 0x88b5 counter;"+
		" add chain bridge probe came { type filter hook prerouting priority -1; }; add rule bridge probe came ether type 0x88b5 counter")
	const other = 0x88b5 // for experiments (IEEE 802)
	clients, servers := listenTyped(t, "peer0", unix.ETH_P_LLDP, 0), listenTyped(t, "peer1", unix.ETH_P_LLDP, 0)
	lan, wan := listenTyped(t, "br0", unix.ETH_P_LLDP, MarkHeardLAN), listenTyped(t, "br0", unix.ETH_P_LLDP, MarkHeardWAN)
	unmarked := listenTyped(t, "br0", unix.ETH_P_LLDP, 0)
	ports := []typed{listenTyped(t, "eth0", unix.ETH_P_LLDP, 0), listenTyped(t, "eth1", unix.ETH_P_LLDP, 0)}
	atServers := listenTyped(t, "peer1", other, 0)
	forwarding(t)

	frame := func(last, from byte, between ...byte) []byte {
		b := append([]byte{1, 0x80, 0xc2, 0, 0, last, 2, 0, 0, 0, 0, from}, between...)
		return append(b, append([]byte{0x88, 0xcc, 2, 2, 7, from}, make([]byte, 60)...)...)
	}
	for name, c := range map[string]struct {
		from, to    typed
		here, there typed
		sent, got   []byte
		kind        uint8
	}{
		"nearest bridge, clients":  {clients, servers, lan, wan, frame(0x0e, 1), frame(0x0e, 1), unix.PACKET_MULTICAST},
		"nearest bridge, servers":  {servers, clients, wan, lan, frame(0x0e, 2), frame(0x0e, 2), unix.PACKET_MULTICAST},
		"another's MAC":            {clients, servers, lan, wan, frame(0x0e, 2), frame(0x0e, 2), unix.PACKET_MULTICAST},
		"nearest non-TPMR bridge":  {clients, servers, lan, wan, frame(3, 1), frame(3, 1), unix.PACKET_MULTICAST},
		"nearest customer bridge":  {servers, clients, wan, lan, frame(0, 2), frame(0, 2), unix.PACKET_MULTICAST},
		"with a priority, no VLAN": {clients, servers, lan, wan, frame(0x0e, 1, 0x81, 0, 0xe0, 0), frame(0x0e, 1), unix.PACKET_MULTICAST},
		"in a VLAN, for another":   {clients, servers, lan, wan, frame(0x0e, 1, 0x81, 0, 0, 42), frame(0x0e, 1), unix.PACKET_OTHERHOST},
	} {
		c.from.sends(c.sent)
		got, kind := c.here.hears()
		if !bytes.Equal(got, c.got) || kind != c.kind {
			t.Errorf("%s: heard as %x, kind %d, want %x, %d", name, got, kind, c.got, c.kind)
		}
		if got, _ := unmarked.hears(); !bytes.Equal(got, c.got) || !c.there.hasNothing() {
			t.Errorf("%s: heard at the other end too", name)
		}
		// The tag comes apart from the frame: it is compared where frames are seen whole (test/wire).
		if got, _ := c.to.hears(); !bytes.Equal(got, c.got) {
			t.Errorf("%s: crosses as %x, want %x", name, got, c.got)
		}
	}
	for _, p := range ports {
		if !p.hasNothing() {
			t.Error("a socket on a port hears what is forwarded: it would do without rules")
		}
	}

	// Unicast to where the receiver is known to be: what a wire mostly carries.
	plain := func(to, from byte) []byte {
		return append([]byte{2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, other >> 8, other & 0xff}, make([]byte, 60)...)
	}
	servers.sends(frame(0x0e, 2)) // it moved above
	for range 100 {
		clients.sends(plain(2, 1))
		if got, _ := atServers.hears(); !bytes.Equal(got, plain(2, 1)) {
			t.Fatalf("crosses as %x", got)
		}
	}
	for chain, want := range map[string]string{"came": "packets 100 ", "met": "packets 0 "} {
		if list := output(t, "nft", "list chain bridge probe "+chain); !strings.Contains(list, want) {
			t.Errorf("want %sin\n%s", want, list)
		}
	}
}

// forwarding waits until both ports are.
func forwarding(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); strings.Count(output(t, "bridge", "link"), "state forwarding") < 2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(output(t, "bridge", "link"))
		}
	}
}

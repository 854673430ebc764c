package handover

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"
)

// Flow describes one captured connection and carries its two sockets.
type Flow struct {
	ID      uint64         // unique for one run of the gate, never 0
	Client  netip.AddrPort // the client's own address, as seen by the server
	Server  netip.AddrPort // the address the client asked for
	VLAN    uint16         // 802.1Q identifier, 0 for untagged
	Health  bool           // the watchdog's own check: served, not counted
	Mirror  bool           // upstream was connected before the client was answered
	Started time.Time      // when its SYN was seen, or when it was accepted

	// Connected is how long the upstream connection took, if Mirror.
	Connected time.Duration

	// Unprobed says that the upstream socket does not look for a dead peer yet. It
	// is not carried by a queue.
	Unprobed bool

	ClientFD   int // connected, nonblocking
	UpstreamFD int // nonblocking; connected if Mirror, else perhaps still connecting; or NoSocket
}

// NoSocket stands for an upstream socket that is still to be made.
const NoSocket = -1

// messageSize is the length of every message on the queue, in bytes. It is
// fixed so that bytes waiting divided by it is the number of flows waiting.
const messageSize = 64

const messageVersion = 1

const (
	flagHealth = 1 << iota
	flagMirror
	flagAlone // it comes without an upstream socket
)

// marshal writes f, without its sockets, to b.
func (f *Flow) marshal(b *[messageSize]byte) {
	b[0] = messageVersion
	b[1] = 0
	if f.Health {
		b[1] |= flagHealth
	}
	if f.Mirror {
		b[1] |= flagMirror
	}
	if f.UpstreamFD == NoSocket {
		b[1] |= flagAlone
	}
	binary.LittleEndian.PutUint16(b[2:], f.VLAN)
	binary.LittleEndian.PutUint16(b[4:], f.Client.Port())
	binary.LittleEndian.PutUint16(b[6:], f.Server.Port())
	binary.LittleEndian.PutUint64(b[8:], f.ID)
	binary.LittleEndian.PutUint64(b[16:], uint64(f.Started.UnixNano()))
	client, server := f.Client.Addr().As16(), f.Server.Addr().As16()
	copy(b[24:40], client[:])
	copy(b[40:56], server[:])
	binary.LittleEndian.PutUint64(b[56:], uint64(f.Connected))
}

// unmarshal reads what marshal wrote. IPv4 addresses come back as IPv4.
func (f *Flow) unmarshal(b []byte) error {
	if len(b) != messageSize || b[0] != messageVersion {
		return fmt.Errorf("read flow message: %d bytes of version %d, want %d of version %d",
			len(b), versionOf(b), messageSize, messageVersion)
	}
	f.Health, f.Unprobed = b[1]&flagHealth != 0, false
	f.Mirror = b[1]&flagMirror != 0
	f.VLAN = binary.LittleEndian.Uint16(b[2:])
	f.ID = binary.LittleEndian.Uint64(b[8:])
	f.Connected = time.Duration(binary.LittleEndian.Uint64(b[56:]))
	f.Started = time.Unix(0, int64(binary.LittleEndian.Uint64(b[16:])))
	client := netip.AddrFrom16([16]byte(b[24:40])).Unmap()
	server := netip.AddrFrom16([16]byte(b[40:56])).Unmap()
	f.Client = netip.AddrPortFrom(client, binary.LittleEndian.Uint16(b[4:]))
	f.Server = netip.AddrPortFrom(server, binary.LittleEndian.Uint16(b[6:]))
	return nil
}

func versionOf(b []byte) byte {
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

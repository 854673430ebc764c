package lldp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"
)

// EtherType is LLDP's (IEEE 802.1AB, 7.3).
const EtherType = 0x88cc

// headLength is how long an Ethernet head without tags is, in bytes.
const headLength = 14

// Types of TLVs (IEEE 802.1AB, table 8-1).
const (
	typeEnd             = 0
	typeChassis         = 1
	typePort            = 2
	typeTTL             = 3
	typePortDescription = 4
	typeName            = 5
	typeDescription     = 6
	typeCapabilities    = 7
	typeManagement      = 8
)

// Neighbour is what a system says of itself. Texts are safe to show: UTF-8, nothing
// that steers a terminal or turns the direction of a text, of bounded length.
type Neighbour struct {
	MAC             string        `json:"mac"` // that it sends from
	Chassis         string        `json:"chassis"`
	Port            string        `json:"port"`
	PortIsMAC       bool          `json:"-"` // Port tells a person little
	TTL             time.Duration `json:"-"` // how long it holds from its arrival; 0: the system says goodbye
	Name            string        `json:"name,omitempty"`
	Description     string        `json:"description,omitempty"`
	PortDescription string        `json:"port_description,omitempty"`
	Is              []string      `json:"is,omitempty"`         // what it does now, of what it can
	Management      []string      `json:"management,omitempty"` // addresses
	id              [2]string     // chassis and port as they came: the same for one neighbour
}

// Parse reads a frame, from its Ethernet head on. What must be there and is wrong
// makes an error; an optional TLV that is wrong counts as not there, as the standard
// has it (9.2.7.7.2).
func Parse(frame []byte) (Neighbour, error) {
	var n Neighbour
	if len(frame) < headLength {
		return n, fmt.Errorf("read LLDP: %d bytes are no frame", len(frame))
	}
	if t := binary.BigEndian.Uint16(frame[12:]); t != EtherType {
		return n, fmt.Errorf("read LLDP: EtherType is %#04x, not %#04x", t, EtherType)
	}
	n.MAC = net.HardwareAddr(frame[6:12]).String()
	tlvs, err := split(frame[headLength:])
	if err != nil {
		return n, fmt.Errorf("read LLDP: %w", err)
	}
	if err := n.mandatory(tlvs); err != nil {
		return n, fmt.Errorf("read LLDP: %w", err)
	}
	if n.TTL != 0 { // the rest of a goodbye means nothing (9.1.2.2)
		n.optional(tlvs[3:])
	}
	return n, nil
}

// tlv is one of a frame: type, length, value.
type tlv struct {
	kind  byte
	value []byte
}

// split takes an LLDPDU apart, up to its end or the frame's; what comes behind that is padding.
func split(b []byte) ([]tlv, error) {
	var tlvs []tlv
	for len(b) > 0 {
		if len(b) < 2 {
			return nil, errors.New("it breaks off in the head of a TLV")
		}
		head := binary.BigEndian.Uint16(b)
		kind, length := byte(head>>9), int(head&0x1ff)
		if kind == typeEnd {
			if length != 0 {
				return nil, fmt.Errorf("its end has %d bytes, not none", length)
			}
			break
		}
		if len(b) < 2+length {
			return nil, fmt.Errorf("TLV of type %d has %d bytes of %d", kind, len(b)-2, length)
		}
		tlvs = append(tlvs, tlv{kind, b[2 : 2+length]})
		b = b[2+length:]
	}
	return tlvs, nil
}

// longestID is how long chassis and port may be, with their subtype, in bytes (8.5.2.1, 8.5.3.1).
const longestID = 256

// mandatory reads the first three: each has its place, and comes once (8.2).
func (n *Neighbour) mandatory(tlvs []tlv) error {
	for i, kind := range []byte{typeChassis, typePort, typeTTL} {
		if len(tlvs) <= i || tlvs[i].kind != kind {
			return fmt.Errorf("TLV %d is not of type %d", i+1, kind)
		}
	}
	for _, t := range tlvs[3:] {
		if t.kind <= typeTTL {
			return fmt.Errorf("a second TLV of type %d", t.kind)
		}
	}
	chassis, port, ttl := tlvs[0].value, tlvs[1].value, tlvs[2].value
	for what, value := range map[string][]byte{"chassis": chassis, "port": port} {
		if len(value) < 2 || len(value) > longestID {
			return fmt.Errorf("ID of %s has %d bytes, not 2 to %d", what, len(value), longestID)
		}
	}
	if len(ttl) < 2 {
		return fmt.Errorf("time to live has %d bytes, not 2", len(ttl))
	}
	n.Chassis, _ = idOf(chassisKinds(), chassis)
	n.Port, n.PortIsMAC = idOf(portKinds(), port)
	n.TTL = time.Duration(binary.BigEndian.Uint16(ttl)) * time.Second
	n.id = [2]string{string(chassis), string(port)}
	return nil
}

// optional reads the others; of those that may come once the first counts.
func (n *Neighbour) optional(tlvs []tlv) {
	for _, t := range tlvs {
		switch t.kind {
		case typePortDescription:
			once(&n.PortDescription, t.value)
		case typeName:
			once(&n.Name, t.value)
		case typeDescription:
			once(&n.Description, t.value)
		case typeCapabilities:
			if n.Is == nil {
				n.Is = capabilities(t.value)
			}
		case typeManagement:
			if text := management(t.value); text != "" && len(n.Management) < mostAddresses {
				n.Management = append(n.Management, text)
			}
		}
	}
}

// longestText is how long the value of a text may be, in bytes (8.5.5 to 8.5.7).
const longestText = 255

func once(to *string, value []byte) {
	if *to == "" && len(value) <= longestText {
		*to = safe(value)
	}
}

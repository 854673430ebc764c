package accesslog

import "net/netip"

// Record is one transaction, or one tunnel. Texts are as they came over the
// wire; they are only read during the call that takes the record.
type Record struct {
	// Started is when the request's first byte came, or the tunnel began, with its
	// flow or behind requests: Unix time, ns.
	Started int64
	Flow    uint64
	Client  netip.AddrPort
	Server  netip.AddrPort
	VLAN    uint16 // 0 for untagged

	Method      []byte
	Host        []byte // of the Host field
	Target      []byte // of the request line, in any of its forms (RFC 9112, 3.2)
	UserAgent   []byte
	ContentType []byte // of the response

	Status        uint16 // 0 for a tunnel, or when no response came
	Verdict       Verdict
	Reason        string // why, a constant; empty when there is nothing to say
	RequestBytes  uint64 // head and body as they crossed
	ResponseBytes uint64

	// Times in ns, Unknown where nobody knows. Connect is that of the upstream
	// connection, and only in the first record of a flow.
	Connect   int64
	FirstByte int64 // from Started to the first byte of the response
	Total     int64 // from Started to the end

	Heads   *Heads // while heads are recorded, else nil
	HeadsID uint64 // their number once they are kept, 0 for none

	cut cuts // texts that were longer than what is kept
}

// Unknown stands for a time that was not measured.
const Unknown = -1

// How much of each text is kept, in bytes.
const (
	MaxMethod      = 32
	MaxHost        = 256
	MaxTarget      = 2048
	MaxUserAgent   = 512
	MaxContentType = 128
	MaxReason      = 64
)

// cuts says which texts were cut.
type cuts uint8

const (
	cutMethod cuts = 1 << iota
	cutHost
	cutTarget
	cutUserAgent
	cutContentType
	cutReason
)

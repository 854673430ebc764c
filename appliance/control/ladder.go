package control

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

const doctorLadderPath = "/v1/doctor/ladder"

// Bounds of the time in which a connection has to begin to be shown in a ladder, and
// what holds when nobody says; and for how long it is followed then.
const (
	MinLadderTime     = time.Second
	MaxLadderTime     = time.Minute
	DefaultLadderTime = 10 * time.Second
	LadderFollows     = 10 * time.Second
)

// LadderRequest is the body of POST /v1/doctor/ladder: the next new connection of whom,
// to whom. Empty fields mean anybody.
type LadderRequest struct {
	Client netip.Addr `json:"client,omitzero"`
	Server netip.Addr `json:"server,omitzero"`
	Port   uint16     `json:"port,omitempty"` // of the server, TCP; 0: any that is intercepted
	For    Duration   `json:"for,omitempty"`  // in which it begins, 1 s to 60 s; 0: 10 s
	Who    string     `json:"who,omitempty"`  // has asked, for others to see
}

// Place is one of the three places at which frames are seen.
type Place string

// Places.
const (
	AtClient Place = "client" // the port towards clients
	AtLoop   Place = "loop"   // between the bridge and the box's own TCP
	AtServer Place = "server" // the port towards servers
)

// End is where an arrow of a ladder begins or ends.
type End string

// Ends.
const (
	EndClient End = "client"
	EndBox    End = "box"
	EndServer End = "server"
)

// Ladder is one connection as its frames were seen at the three places, lined up. While
// it goes on, there is only what was asked for.
type Ladder struct {
	LadderRequest
	ID      uint64    `json:"id"`
	Begun   time.Time `json:"begun"` // when the box began to wait for a connection
	Running bool      `json:"running"`
	Left    int       `json:"left"`              // s that it may still take
	Problem string    `json:"problem,omitempty"` // why it could not be made
	LadderResult
}

// LadderResult is what was seen.
type LadderResult struct {
	// Captured says what became of the connection; empty when there was none.
	Captured Captured       `json:"captured,omitempty"`
	From     netip.AddrPort `json:"from,omitzero"` // the client
	To       netip.AddrPort `json:"to,omitzero"`   // the server
	Began    time.Time      `json:"began,omitzero"`
	Verdict  Health         `json:"verdict,omitempty"` // of the worst finding
	Findings []LadderStep   `json:"findings"`
	Rungs    []Rung         `json:"rungs"`
	Frames   uint64         `json:"frames"`            // of it, at all three places
	Omitted  uint64         `json:"omitted,omitempty"` // of them, not in the rungs: there were too many
	Dropped  uint64         `json:"dropped,omitempty"` // frames on the wire that came too fast to be looked at
}

// LadderStep is one thing that was found, in a sentence.
type LadderStep struct {
	Verdict Health `json:"verdict"`
	Text    string `json:"text"`
	Mend    string `json:"mend,omitempty"`
}

// Rung is one segment of TCP on its way, wherever it was seen.
type Rung struct {
	After  int64      `json:"after_us"` // from the first SYN on, when it was seen first
	From   End        `json:"from"`
	To     End        `json:"to"`             // where it went, or was going
	Lost   bool       `json:"lost,omitempty"` // it was seen once, and never came there
	Flags  string     `json:"flags"`          // "SYN ACK"
	Seq    uint32     `json:"seq"`            // less that of its direction's SYN
	Ack    uint32     `json:"ack"`
	Length int        `json:"length"`          // bytes of payload
	Head   string     `json:"head,omitempty"`  // first line of an HTTP head that begins in it, without the query
	Again  bool       `json:"again,omitempty"` // its bytes were sent before
	Seen   []Sighting `json:"seen"`
}

// Sighting is a segment at one of the places.
type Sighting struct {
	Place   Place          `json:"place"`
	Device  string         `json:"device"`
	Out     bool           `json:"out"` // it left the box there, or its TCP
	After   int64          `json:"after_us"`
	FromMAC string         `json:"from_mac"`
	ToMAC   string         `json:"to_mac"`
	From    netip.AddrPort `json:"from"`
	To      netip.AddrPort `json:"to"`
	TTL     uint8          `json:"ttl"` // or hop limit
	VLAN    uint16         `json:"vlan,omitempty"`
	Frames  int            `json:"frames"` // it was cut into
}

// LadderState is the answer to GET /v1/doctor/ladder.
type LadderState struct {
	Ladder *Ladder `json:"ladder,omitempty"` // the last one; nil: there is none
}

// Ladders is the part of a Backend that makes them.
type Ladders interface {
	Ladder(ctx context.Context) (LadderState, error)
	// BeginLadder waits for a connection from the moment of the answer on.
	BeginLadder(ctx context.Context, request LadderRequest) (Ladder, error)
}

// completed fills in what holds when nobody says, and refuses what cannot be.
func (l LadderRequest) completed() (LadderRequest, error) {
	l.Client, l.Server = l.Client.Unmap(), l.Server.Unmap()
	l.For = cmp.Or(l.For, Duration(DefaultLadderTime))
	switch {
	case l.Client.Zone() != "" || l.Server.Zone() != "":
		return l, fmt.Errorf("client %q, server %q: want addresses without a zone", l.Client, l.Server)
	case l.Client.IsValid() && l.Server.IsValid() && l.Client.Is4() != l.Server.Is4():
		return l, fmt.Errorf("client %v and server %v: want two of one IP version", l.Client, l.Server)
	case time.Duration(l.For) < MinLadderTime || time.Duration(l.For) > MaxLadderTime:
		return l, fmt.Errorf("wait for %v: want %v to %v", time.Duration(l.For), MinLadderTime, MaxLadderTime)
	case len(l.Who) > maxWho:
		return l, fmt.Errorf("who: want at most %d bytes", maxWho)
	}
	return l, nil
}

func ladderRoutes() []route {
	return []route{
		{"GET", doctorLadderPath, func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			return b.Ladder(r.Context())
		}},
		{"POST", doctorLadderPath, func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			request, err := bodyOf[LadderRequest](r)
			if err != nil {
				return nil, err
			}
			if request, err = request.completed(); err != nil {
				return nil, Refuse(err)
			}
			return b.BeginLadder(r.Context(), request)
		}},
	}
}

// Ladder asks for the last ladder.
func (c *Client) Ladder(ctx context.Context) (LadderState, error) {
	var s LadderState
	return s, c.ask(ctx, http.MethodGet, doctorLadderPath, nil, &s)
}

// BeginLadder has the next connection shown in a ladder.
func (c *Client) BeginLadder(ctx context.Context, request LadderRequest) (Ladder, error) {
	var l Ladder
	return l, c.ask(ctx, http.MethodPost, doctorLadderPath, request, &l)
}

// Label is what stands at its arrow.
func (r Rung) Label() string {
	var words []string
	for word := range strings.FieldsSeq(r.Flags) {
		if word != "PSH" && (word != "ACK" || r.Length == 0 || strings.Contains(r.Flags, "SYN")) {
			words = append(words, word)
		}
	}
	label := strings.Join(words, " ")
	if r.Length > 0 {
		size := strconv.Itoa(r.Length) + " bytes"
		if r.Head != "" {
			size = r.Head + ", " + size
		}
		label = strings.TrimSpace(size + " " + label)
	}
	if r.Again {
		label = "again: " + label
	}
	return label
}

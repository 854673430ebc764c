package control

import (
	"net/netip"
	"time"
)

// Mode is what becomes of new connections to the intercepted ports.
type Mode string

// Modes. In Starting and Bypass new connections are bridged.
const (
	Starting Mode = "starting"
	Inline   Mode = "inline"
	Bypass   Mode = "bypass"
)

// Status is the answer to GET /v1/status.
type Status struct {
	Version   string    `json:"version"`
	Mode      Mode      `json:"mode"`
	Reason    string    `json:"reason"` // why not inline; empty when inline
	Since     time.Time `json:"since"`  // when Mode was entered
	Capture   string    `json:"capture"`
	Handshake string    `json:"handshake"`

	// Goroutines is how many the supervisor has now.
	Goroutines int `json:"goroutines"`

	Gate  Process `json:"gate"`
	Proxy Process `json:"proxy"`
	Web   Page    `json:"web"`
	Flows Flows   `json:"flows"`

	Requests uint64 `json:"requests"` // forwarded by the proxy
	Cache    Cache  `json:"cache"`

	Log LogCounts `json:"log"`

	// LastGapMS is, in milliseconds, an upper bound of how long new connections
	// were neither served nor bridged at the last failure.
	LastGapMS int64 `json:"last_gap_ms"`

	Bypass   Override `json:"bypass"`
	Trial    *Trial   `json:"trial,omitempty"` // settings in effect that wait to be confirmed
	Wire     Wire     `json:"wire"`
	Frames   Frames   `json:"frames"`
	Address  Address  `json:"address"`
	Timezone string   `json:"timezone"` // in which people are told times, by its name; here they are in RFC 3339
	Problems []string `json:"problems"` // what limpid keeps trying to mend, one line each

	Box *Box `json:"box,omitempty"` // nil where limpid is not the firmware
}

// Zone is where people are told times by: UTC where Timezone is not known here.
func (s *Status) Zone() *time.Location {
	zone, err := time.LoadLocation(s.Timezone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// Process is one child of the supervisor.
type Process struct {
	PID      int    `json:"pid"` // 0 when it does not run
	Restarts int    `json:"restarts"`
	LastExit string `json:"last_exit"` // how it ended last; empty when it never did
	// Goroutines is how many it had when it last said so, at most 50 ms ago; 0 when it does not run.
	Goroutines int `json:"goroutines"`
}

// Page is the web page and the process that serves it.
type Page struct {
	Process
	Listen      []string `json:"listen"`      // where it is to be, as web.listen says; empty: there is none
	Fingerprint string   `json:"fingerprint"` // SHA-256 of its certificate, as browsers show it; empty: none yet
	PasswordSet bool     `json:"password_set"`
	Started     bool     `json:"started"` // the first steps are done, or put aside
}

// Flows counts connections to the intercepted ports since supervise started.
type Flows struct {
	Active   uint64 `json:"active"`   // being carried now
	Captured uint64 `json:"captured"` // taken off the bridge
	Bridged  uint64 `json:"bridged"`  // left on it while the rules were installed
}

// Cache counts what the cache did.
type Cache struct {
	Hits   uint64 `json:"hits"`
	Misses uint64 `json:"misses"`
}

// Override is the operator's order to bridge.
type Override struct {
	On    bool      `json:"on"`
	Until time.Time `json:"until,omitzero"` // zero: until taken back
}

// Wire is the bridge and its two ports.
type Wire struct {
	Bridge Link `json:"bridge"`
	LAN    Link `json:"lan"` // towards the clients
	WAN    Link `json:"wan"` // towards the servers
}

// Frames counts frames on both ports, as the kernel does: since the ports are there. It is
// a second old at most.
type Frames struct {
	LAN PortFrames `json:"lan"`
	WAN PortFrames `json:"wan"`
}

// PortFrames counts those of one port. Of what offloads merge the driver decides what a
// frame is.
type PortFrames struct {
	Received uint64 `json:"received"`
	Sent     uint64 `json:"sent"`
	Errors   uint64 `json:"errors"` // that came in damaged, or could not be sent
}

// Address is the box's own: what holds now, by DHCP or by the settings.
type Address struct {
	Prefix  netip.Prefix `json:"prefix,omitzero"`  // with its length; left out: there is none, or none yet
	Gateway netip.Addr   `json:"gateway,omitzero"` // left out: there is none
}

// Link is one network interface.
type Link struct {
	Name    string `json:"name"`
	Present bool   `json:"present"`
	Up      bool   `json:"up"`
	Carrier bool   `json:"carrier"`
	MAC     string `json:"mac,omitempty"`
	MTU     int    `json:"mtu,omitempty"`   // bytes
	Speed   int    `json:"speed,omitempty"` // Mbit/s; 0 when unknown
	// FullDuplex is known only with Speed.
	FullDuplex bool `json:"full_duplex,omitempty"`
}

// Flow is one connection being carried.
type Flow struct {
	ID       uint64         `json:"id"`
	Holder   string         `json:"holder"` // "gate" or "proxy"
	Client   netip.AddrPort `json:"client"`
	Server   netip.AddrPort `json:"server"`
	VLAN     uint16         `json:"vlan"` // 0 for untagged
	Started  time.Time      `json:"started"`
	Up       uint64         `json:"up"`   // bytes from the client
	Down     uint64         `json:"down"` // bytes from the server
	Requests uint64         `json:"requests"`
	Verdict  string         `json:"verdict"`
	Reason   string         `json:"reason"`
}

// Trial is a change of the settings that waits to be confirmed.
type Trial struct {
	Who   string    `json:"who,omitempty"`
	Until time.Time `json:"until"`
	Left  int       `json:"left"` // s until it is given up
}

// FlowList is the answer to GET /v1/flows.
type FlowList struct {
	Flows    []Flow   `json:"flows"`
	Total    int      `json:"total"`    // of which Flows may be a part
	Problems []string `json:"problems"` // processes that could not be asked
}

// BypassRequest is the body of POST /v1/bypass.
type BypassRequest struct {
	On  bool     `json:"on"`
	For Duration `json:"for,omitempty"` // 0: until taken back
}

// RuleList is the answer to GET /v1/rules.
type RuleList struct {
	Text string `json:"text"` // one rule a line, beside the classic command it stands for
}

package relay

import (
	"net/netip"
	"time"

	"limpid/proxy/accesslog"
	"limpid/proxy/handover"
	"limpid/proxy/leg"
	"limpid/proxy/scoreboard"
)

// Flow is one client connection and one upstream connection.
type Flow struct {
	pair   leg.Pair
	worker *Worker

	id             uint64
	client, server netip.AddrPort
	started        int64 // Unix time, ns
	requests       uint64
	place          int32 // in worker.flows
	vlan           uint16

	reason Reason // why it is not relayed as HTTP, 0 if it is
	health bool
	cut    bool // not HTTP, to be reset
	slow   bool // in worker.slow
	stuck  bool // bytes wait for a response that may never come

	hurried bool // what the client sends is acknowledged as it comes

	unconnected bool // the upstream connection was still being made when last seen

	moved    uint32 // when bytes last moved, in ticks of the worker
	up, down track
	progress

	connect int64  // ns that the upstream connection took, until it was logged
	left    int64  // when it was no longer HTTP, or began if it never was: Unix time, ns
	why     string // why it was ended from here; empty if it was not
}

// start takes over a flow's sockets.
func (f *Flow) start(h *handover.Flow) error {
	f.id, f.client, f.server, f.vlan = h.ID, h.Client, h.Server, h.VLAN
	f.health, f.started = h.Health, h.Started.UnixNano()
	f.connect, f.moved = accesslog.Unknown, f.worker.tick()
	if h.Mirror {
		f.connected(int64(h.Connected))
	}
	f.unconnected = !h.Mirror
	return f.pair.Open(f.worker.pool, h.ClientFD, h.UpstreamFD, !h.Mirror, f)
}

// connected notes how long the upstream connection took, in ns.
func (f *Flow) connected(took int64) {
	f.connect = took
	if !f.health {
		f.worker.tally.Observe(scoreboard.UpstreamConnect, time.Duration(took))
	}
}

// Drive moves what can be moved. The loop calls it when a socket is ready.
func (f *Flow) Drive() {
	sentUp, sentDown := f.pair.Bytes()
	gotUp, gotDown := f.pair.Received()
	wasConnecting := f.unconnected
	how := f.pair.Carry((*upSide)(f), (*downSide)(f))
	if f.cut {
		how = f.pair.Cut()
	}
	if wasConnecting && !f.pair.Connecting() {
		f.unconnected = false
		if how != leg.UpstreamLost {
			f.connected(f.worker.loop.Now().UnixNano() - f.started)
		}
		if sent, _ := f.pair.Bytes(); sent == 0 {
			f.pair.Confirm() // a server that speaks first waits for it
		}
	}
	f.count(sentUp, sentDown, gotUp, gotDown)
	f.worker.watchHead(f)
	f.hurry()
	if how == leg.Open && f.worker.draining && f.idle() {
		f.why = "stopped"
		how = f.pair.Finish()
	}
	if how != leg.Open {
		f.worker.ended(f, how)
	}
}

// hurry has what the client sends acknowledged as it comes, once that is more than a
// request or not all of one. The listener leaves the ACK of a request to its answer; but
// for an end that holds small segments back until then (RFC 896) that would be 40 ms.
func (f *Flow) hurry() {
	if !f.hurried && f.up.within() {
		f.hurried = true
		f.pair.Acknowledge()
	}
}

// count takes note of what has moved since the flow had these bytes sent to
// both sides, and received from them.
func (f *Flow) count(sentUp, sentDown, gotUp, gotDown uint64) {
	up, down := f.pair.Bytes()
	receivedUp, receivedDown := f.pair.Received()
	if up == sentUp && down == sentDown && receivedUp == gotUp && receivedDown == gotDown {
		return
	}
	f.moved = f.worker.tick()
	if f.health {
		return
	}
	// What a flow that has ended held is no longer counted as received.
	add := func(c scoreboard.Cell, before, after uint64) {
		if after > before {
			f.worker.tally.Add(c, after-before)
		}
	}
	add(scoreboard.BytesUp, sentUp, up)
	add(scoreboard.BytesDown, sentDown, down)
	add(scoreboard.BytesFromClients, gotUp, receivedUp)
	add(scoreboard.BytesFromServers, gotDown, receivedDown)
}

// idle reports whether nothing is under way on the flow.
func (f *Flow) idle() bool {
	return f.reason == 0 && f.up.phase == inHead && f.down.phase == inHead &&
		f.waiting.empty() && f.current == nil && f.pair.Held() == 0
}

func (f *Flow) unseen(t *track) int64 {
	if f.cut {
		return 0
	}
	return t.unseen()
}

// leaveHTTP makes the flow a tunnel, or marks it to be reset. It is never
// parsed again.
func (f *Flow) leaveHTTP(why Reason) {
	f.reason = why
	f.left = f.started
	if f.requests > 0 {
		f.left = f.worker.loop.Now().UnixNano()
	}
	f.settle(accesslog.Tunnel, why.String())
	if !why.plain() && !f.health {
		f.worker.tally.Add(scoreboard.TunnelBy+scoreboard.Cell(why), 1)
		if f.worker.settings.ResetNonHTTP {
			f.cut = true
			return
		}
		f.worker.tally.Add(scoreboard.Tunnels, 1)
	}
	f.up.phase, f.down.phase = toTheEnd, toTheEnd
	f.worker.putParser(&f.up)
	f.worker.putParser(&f.down)
}

// Info describes a flow to people.
type Info struct {
	ID       uint64         `json:"id"`
	Client   netip.AddrPort `json:"client"`
	Server   netip.AddrPort `json:"server"`
	VLAN     uint16         `json:"vlan"`
	Started  time.Time      `json:"started"`
	Up       uint64         `json:"up"`   // bytes to the server
	Down     uint64         `json:"down"` // bytes to the client
	Requests uint64         `json:"requests"`
	Verdict  string         `json:"verdict"` // "http", "tunnel" or "health"
	Reason   string         `json:"reason"`  // why it is a tunnel, else empty
}

// Info describes the flow as it is now.
func (f *Flow) Info() Info {
	up, down := f.pair.Bytes()
	info := Info{
		ID: f.id, Client: f.client, Server: f.server, VLAN: f.vlan, Started: time.Unix(0, f.started),
		Up: up, Down: down, Requests: f.requests, Verdict: "http",
	}
	if f.reason != 0 {
		info.Verdict, info.Reason = "tunnel", f.reason.String()
	}
	if f.health {
		info.Verdict = "health"
	}
	return info
}

package relay

import (
	"net/netip"
	"time"

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

	up, down track
	queue    exchanges
}

// start takes over a flow's sockets.
func (f *Flow) start(h *handover.Flow) error {
	f.id, f.client, f.server, f.vlan = h.ID, h.Client, h.Server, h.VLAN
	f.health, f.started = h.Health, h.Started.UnixNano()
	return f.pair.Open(f.worker.pool, h.ClientFD, h.UpstreamFD, !h.Mirror, f)
}

// Drive moves what can be moved. The loop calls it when a socket is ready.
func (f *Flow) Drive() {
	upBefore, downBefore := f.pair.Bytes()
	how := f.pair.Carry((*upSide)(f), (*downSide)(f))
	if f.cut {
		how = f.pair.Cut()
	}
	if !f.health {
		up, down := f.pair.Bytes()
		f.worker.count.up += up - upBefore
		f.worker.count.down += down - downBefore
	}
	f.worker.watchHead(f)
	if how == leg.Open && f.worker.draining && f.idle() {
		how = f.pair.Finish()
	}
	if how != leg.Open {
		f.worker.ended(f, how)
	}
}

// idle reports whether nothing is under way on the flow.
func (f *Flow) idle() bool {
	return f.reason == 0 && f.up.phase == inHead && f.down.phase == inHead &&
		f.queue.empty() && f.pair.Held() == 0
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
	if !why.plain() && !f.health {
		f.worker.board.Add(scoreboard.TunnelBy+scoreboard.Cell(why), 1)
		if f.worker.settings.ResetNonHTTP {
			f.cut = true
			return
		}
		f.worker.board.Add(scoreboard.Tunnels, 1)
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

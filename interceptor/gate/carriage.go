package gate

import (
	"net/netip"
	"time"

	"limpid/proxy/handover"
	"limpid/proxy/leg"
	"limpid/proxy/scoreboard"
	"limpid/proxy/socket"
)

// carriage is a flow the gate carries as untouched bytes, since the proxy is
// gone or takes nothing: the client has its connection and keeps it.
type carriage struct {
	flow   handover.Flow
	tunnel *leg.Tunnel
}

func (g *Gate) carryOrReset(f *handover.Flow) {
	if f.Health {
		closeFlow(f)
		return
	}
	id := f.ID
	tunnel, err := leg.NewTunnel(g.pool, f.ClientFD, f.UpstreamFD, !f.Mirror, nil, func(*leg.Tunnel, leg.Ending) {
		delete(g.carried, id)
		g.Board.Add(scoreboard.CarriedEnded, 1)
	})
	if err != nil {
		g.log.Error("cannot carry a flow", "client", f.Client, "server", f.Server, "error", err)
		return
	}
	g.Board.Add(scoreboard.Carried, 1)
	g.carried[id] = &carriage{*f, tunnel}
}

// closeHanded closes the gate's copies of sockets that are the proxy's now.
func closeHanded(f *handover.Flow) {
	socket.Close(f.ClientFD)
	socket.Close(f.UpstreamFD)
}

// FlowInfo describes a flow the gate carries.
type FlowInfo struct {
	ID      uint64         `json:"id"`
	Client  netip.AddrPort `json:"client"`
	Server  netip.AddrPort `json:"server"`
	VLAN    uint16         `json:"vlan,omitempty"`
	Started time.Time      `json:"started"`
}

// Flows lists the flows the gate carries. It waits for the event loop, and
// returns nothing when that does not answer before stop is closed.
func (g *Gate) Flows(stop <-chan struct{}) []FlowInfo {
	answer := make(chan []FlowInfo, 1)
	g.loop.Post(func() {
		list := make([]FlowInfo, 0, len(g.carried))
		for _, c := range g.carried {
			list = append(list, FlowInfo{c.flow.ID, c.flow.Client, c.flow.Server, c.flow.VLAN, c.flow.Started})
		}
		answer <- list
	})
	select {
	case list := <-answer:
		return list
	case <-stop:
		return nil
	}
}

package supervise

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/appliance/doctor"
	"limpid/appliance/ladder"
	"limpid/appliance/packets"
)

// Ladder implements control.Ladders.
func (b backend) Ladder(context.Context) (control.LadderState, error) { return b.ladders.state(), nil }

// BeginLadder implements control.Ladders.
func (b backend) BeginLadder(_ context.Context, request control.LadderRequest) (control.Ladder, error) {
	b.mu.Lock()
	state := b.state
	b.mu.Unlock()
	c := b.current()
	told := ladder.Settings{
		Client: request.Client, Server: request.Server, Ports: c.Intercept.Ports, For: time.Duration(request.For),
		KeepPort: c.Proxy.ClientPort == config.ClientPortKeep, KeepAddress: c.Intercept.Mode == config.ModeFull,
	}
	if request.Port != 0 {
		told.Ports = []uint16{request.Port}
	}
	for _, d := range []struct {
		place control.Place
		name  string
	}{{control.AtClient, state.LAN.Name}, {control.AtServer, state.WAN.Name}, {control.AtLoop, state.Bridge.Name}} {
		device, err := net.InterfaceByName(d.name)
		if err != nil {
			return control.Ladder{}, control.Refuse(fmt.Errorf("ladder at %s: %w: plug it in, or correct bridge.ports", d.name, err))
		}
		told.Devices = append(told.Devices, ladder.Device{Place: d.place, Name: d.name, Index: device.Index})
	}
	own, err := ownOf(state.MAC)
	if err != nil {
		return control.Ladder{}, fmt.Errorf("ladder: %w", err)
	}
	told.Own = own.Addresses
	// Frames between the bridge and the box bear the bridge's MAC: only addresses tell
	// what the box itself sends.
	filter := packets.Filter{Host: request.Client, Some: told.Ports, Own: packets.Own{Addresses: own.Addresses}, Short: true}
	if !filter.Host.IsValid() {
		filter.Host = request.Server
	}
	if !told.KeepAddress {
		filter.Host, filter.Own = request.Server, packets.Own{} // it is the box that asks the server
	}
	return b.ladders.begin(request, told, filter)
}

// explain says why a connection was bridged, and what else proves that the box works:
// where there was no connection, that is all there is to tell.
func (b backend) explain(ctx context.Context, l control.Ladder) (steps []control.LadderStep) {
	if !l.From.IsValid() {
		steps = append(steps, control.LadderStep{Verdict: control.HealthUnknown, Text: noneBegan(l),
			Mend: "Have the client ask for a plain http:// address while limpid waits: one that stands open already is none that begins."})
	}
	facts, err := b.facts(ctx)
	if err != nil {
		return append(steps, control.LadderStep{Verdict: control.HealthUnknown, Text: "What limpid knows of it could not be read: " + err.Error() + "."})
	}
	if l.From.IsValid() && l.Captured == control.CapturedNo {
		steps = append(steps, reasonsOf(l, facts)...)
	}
	return append(steps, ownRequest(facts))
}

func noneBegan(l control.Ladder) string {
	from, to := "nobody", "any server"
	if l.Client.IsValid() {
		from = l.Client.String()
	}
	if l.Server.IsValid() {
		to = l.Server.String()
	}
	port := "an intercepted port"
	if l.Port != 0 {
		port = fmt.Sprintf("port %d", l.Port)
	}
	if from == "nobody" {
		return fmt.Sprintf("In %v nobody has opened a connection to %s, %s, by the clients' port.", time.Duration(l.For), to, port)
	}
	return fmt.Sprintf("In %v %s has opened no connection to %s, %s, by the clients' port.", time.Duration(l.For), from, to, port)
}

// reasonsOf says by what rule a connection is bridged.
func reasonsOf(l control.Ladder, facts doctor.Facts) (steps []control.LadderStep) {
	q := control.FlowQuestion{Client: l.From.Addr(), Server: l.To.Addr(), Port: l.To.Port()}
	answer := doctor.Explain(q, facts, nil)
	for _, r := range answer.Reasons {
		if r.Sure {
			steps = append(steps, control.LadderStep{Verdict: control.HealthWarn, Text: "Why it was not captured: " + r.Text + ".", Mend: r.Mend})
		}
	}
	if len(steps) > 0 || fromServers(l) {
		return steps
	}
	texts := []string{"By its addresses it would have been captured; it may have been one of these:"}
	for _, r := range answer.Reasons {
		texts = append(texts, r.Text)
	}
	return []control.LadderStep{{Verdict: control.HealthUnknown, Text: strings.Join(texts, " ")}}
}

// fromServers says that it was opened from the servers' side, which is why.
func fromServers(l control.Ladder) bool {
	return len(l.Rungs) > 0 && l.Rungs[0].From == control.EndServer
}

// ownRequest tells of the box's own request, which no ladder can show.
func ownRequest(facts doctor.Facts) control.LadderStep {
	const where = " It goes from the box to itself, over lo, and so crosses neither port nor bridge: none of the three places can show it."
	switch k := facts.Known; {
	case k == nil || k.Passed.IsZero():
		return control.LadderStep{Verdict: control.HealthWarn, Text: "The box's own request, the health check, has never been answered." + where, Mend: "limpid doctor says what is wrong with it."}
	case k.Failure != "":
		return control.LadderStep{Verdict: control.HealthWarn, Text: "The box's own request, the health check, failed: " + k.Failure + "." + where, Mend: "limpid doctor says what is wrong with it."}
	default:
		age := facts.At.Sub(k.Passed)
		return control.LadderStep{Verdict: control.HealthOK, Text: fmt.Sprintf("The box's own request, the health check, was answered %.1f s before.", max(age, 0).Seconds()) + where}
	}
}

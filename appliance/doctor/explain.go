package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"limpid/appliance/config"
	"limpid/appliance/control"
)

// Explain says what becomes of a new connection, and why. carried are the connections
// that are being carried now, as far as they are known.
func Explain(q control.FlowQuestion, f Facts, carried []control.Flow) control.FlowAnswer {
	a := control.FlowAnswer{Client: q.Client, Server: q.Server, Port: q.Port, Captured: control.CapturedYes}
	flow := fmt.Sprintf("%v to %v", q.Client, netip.AddrPortFrom(q.Server, q.Port))
	for _, rule := range obstacles() {
		if r, holds := rule(q, &f); holds {
			a.Captured = control.CapturedNo
			a.Reasons = append(a.Reasons, control.FlowReason{Sure: true, Text: r.text, Mend: r.mend})
		}
	}
	if a.Captured == control.CapturedNo {
		a.Answer = fmt.Sprintf("A new connection from %s is not captured, but bridged: %s.", flow, a.Reasons[0].Text)
	} else {
		a.Answer = fmt.Sprintf("A new connection from %s is captured.", flow)
	}
	a.Reasons = append(a.Reasons, nowCarried(q, &f, carried)...)
	if a.Captured == control.CapturedYes {
		a.Reasons = append(a.Reasons, unlessOf(&f)...)
	}
	return a
}

// reason is why a connection is not captured, as a clause, and what would change it.
type reason struct{ text, mend string }

// obstacles are the rules by which it follows from its addresses, the settings and the
// state that a connection is bridged. The most lasting come first.
func obstacles() []func(control.FlowQuestion, *Facts) (reason, bool) {
	return []func(control.FlowQuestion, *Facts) (reason, bool){
		ownAddress, otherPort, noIPv6, linkLocal, bypassPair, silentSupervisor, notInline, full,
	}
}

func ownAddress(q control.FlowQuestion, f *Facts) (reason, bool) {
	links := append(slices.Clone(f.Kernel.Bridge.VLANs), f.Kernel.Bridge.Bridge)
	for _, link := range links {
		for _, own := range link.Addresses {
			switch own.Prefix.Addr().Unmap() {
			case q.Server:
				return reason{fmt.Sprintf("%v is the box's own address", q.Server), ""}, true
			case q.Client:
				return reason{fmt.Sprintf("%v is the box's own address, and what the box itself opens comes in by no port", q.Client), ""}, true
			}
		}
	}
	return reason{}, false
}

func otherPort(q control.FlowQuestion, f *Facts) (reason, bool) {
	ports := f.Config.Intercept.Ports
	if slices.Contains(ports, q.Port) {
		return reason{}, false
	}
	return reason{fmt.Sprintf("port %d is not among those intercepted (%s)", q.Port, numbers(ports)), "Add it to intercept.ports, if it speaks HTTP."}, true
}

func noIPv6(q control.FlowQuestion, f *Facts) (reason, bool) {
	if q.Client.Is4() || f.Config.Intercept.IPv6 {
		return reason{}, false
	}
	return reason{"IPv6 is left on the bridge", "Set intercept.ipv6 = true."}, true
}

func linkLocal(q control.FlowQuestion, _ *Facts) (reason, bool) {
	if q.Client.Is6() && (q.Client.IsLinkLocalUnicast() || q.Server.IsLinkLocalUnicast()) {
		return reason{"link-local addresses mean nothing without an interface", ""}, true
	}
	return reason{}, false
}

func bypassPair(q control.FlowQuestion, f *Facts) (reason, bool) {
	for _, p := range f.Config.Intercept.Bypass {
		if has(p.Client, q.Client) && has(p.Server, q.Server) && sameFamily(p, q.Client) {
			return reason{fmt.Sprintf("the pair %v is never captured (intercept.bypass)", p), "Take the pair out of intercept.bypass."}, true
		}
	}
	return reason{}, false
}

// has takes a prefix that was left out for any address.
func has(p netip.Prefix, a netip.Addr) bool { return !p.IsValid() || p.Contains(a) }

// sameFamily says that a pair speaks of addresses like this one: with one end left out,
// the other's family counts.
func sameFamily(p config.Pair, a netip.Addr) bool {
	if p.Client.IsValid() {
		return p.Client.Addr().Is4() == a.Is4()
	}
	return p.Server.Addr().Is4() == a.Is4()
}

func silentSupervisor(_ control.FlowQuestion, f *Facts) (reason, bool) {
	return reason{"the supervisor does not answer, and nothing new is captured without it", "Start limpid supervise."}, f.Known == nil
}

func notInline(_ control.FlowQuestion, f *Facts) (reason, bool) {
	if f.Known == nil || f.Known.Status.Mode == control.Inline {
		return reason{}, false
	}
	s := f.Known.Status
	mend := "limpid doctor says what to mend."
	if s.Bypass.On {
		mend = "limpid bypass off ends it, or the switch on the page."
	}
	return reason{fmt.Sprintf("the mode is %s: %s", s.Mode, brief(s.Reason)), mend}, true
}

func full(_ control.FlowQuestion, f *Facts) (reason, bool) {
	if f.Known == nil || f.Known.Most == 0 || f.Known.Status.Flows.Active < uint64(f.Known.Most) {
		return reason{}, false
	}
	return reason{fmt.Sprintf("all of %d connections are in use", f.Known.Most), "Raise intercept.max_connections."}, true
}

// nowCarried are the connections between the two that are being carried.
func nowCarried(q control.FlowQuestion, f *Facts, carried []control.Flow) []control.FlowReason {
	var texts []string
	for _, flow := range carried {
		if flow.Client.Addr().Unmap() == q.Client && flow.Server.Addr().Unmap() == q.Server && flow.Server.Port() == q.Port {
			texts = append(texts, fmt.Sprintf("port %d for %s, by the %s", flow.Client.Port(), span(f.At.Sub(flow.Started)), flow.Holder))
		}
	}
	if len(texts) == 0 {
		return nil
	}
	return []control.FlowReason{{Sure: true, Text: fmt.Sprintf("Being carried now, from the client's %s.", list(texts))}}
}

// unlessOf are the cases in which the packets of a connection decide, which nobody
// knows who was told addresses only.
func unlessOf(f *Facts) []control.FlowReason {
	var unless []control.FlowReason
	may := func(text, mend string) {
		unless = append(unless, control.FlowReason{Text: text, Mend: mend})
	}
	if f.Known != nil {
		may(fmt.Sprintf("It began before capture did, at %s: such a connection is never touched.", f.Known.Status.Since.Local().Format(time.DateTime)),
			"Close it and open it anew.")
	}
	tags := "none"
	if vlans := f.Config.Bridge.VLANs; len(vlans) > 0 {
		tags = strings.Trim(strings.ReplaceAll(fmt.Sprint(vlans), " ", ", "), "[]")
	}
	may("Its frames have a VLAN tag that is not named, or two tags; named: "+tags+".", "Add the VLAN to bridge.vlans.")
	may("Its first packet came in by the servers' port: only what clients open is captured.", "Look whether the two cables are exchanged: bridge.ports names the clients' first.")
	may("Its first packet was in fragments.", "")
	may("Its frames are addressed to the box's own MAC: the box, not the wire, is the next hop.", "Correct the route of who sends them.")
	if f.Known != nil && f.Known.Status.Handshake == "mirror" {
		may("The server refused, or did not answer within 0.8 s: the client's own packet is let through, and the pair is left alone for a minute.", "")
	}
	if f.Known != nil && f.Now.Refused > 0 {
		may(fmt.Sprintf("There was no free slot when it began: %s so far.", plural(f.Now.Refused, "SYN was refused", "SYNs were refused")), "Raise intercept.max_connections.")
	}
	return unless
}

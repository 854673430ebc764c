package bridge

import (
	"bytes"
	"net/netip"
	"slices"
)

// loopback is where the kernel delivers captured packets.
const loopback = "lo"

// Plan lists the steps from st to spec, in order; none when they agree. It never
// touches a port that cannot be bridged or is somebody else's (see conflicts), and
// waits for a port that is missing. It never takes one of the two ports out of the
// bridge, nor the bridge away; for others see Spec.Alone.
func Plan(spec Spec, st Status) []Op {
	if st.Bridge.Present && st.Bridge.Kind != "bridge" {
		return nil
	}
	p := &planner{spec: spec, st: st}
	if p.sweep() {
		return p.ops
	}
	if st.Former.Present {
		p.renames()
		return p.ops
	}
	p.namespace()
	p.bridge()
	if !st.Bridge.Present && !p.creating {
		return p.ops // neither port is there: no address to derive, nothing to connect
	}
	p.port(st.LAN)
	p.port(st.WAN)
	p.mtu()
	p.vlans()
	p.management()
	return p.ops
}

// planner gathers the steps.
type planner struct {
	spec      Spec
	st        Status
	ops       []Op
	creating  bool // the bridge is made by this plan
	enslaving bool // a port joins by this plan
}

func (p *planner) add(op ...Op) { p.ops = append(p.ops, op...) }

// namespace comes first: while bridge-nf-call-iptables is 1 a firewall on the box
// can drop bridged frames.
func (p *planner) namespace() {
	if !p.st.Loopback {
		p.add(SetUp{loopback})
	}
	p.sysctls(globalSysctls(), true)
}

// sysctls plans the files that differ. Those of an interface that this plan makes
// were not there to be read, so all of them are written.
func (p *planner) sysctls(wanted []sysctl, present bool) {
	for _, s := range wanted {
		have, known := p.st.Sysctls[s.Key]
		switch {
		case known && have != s.Want, !known && !present:
			p.add(WriteSysctl{Key: s.Key, From: have, To: s.Want})
		}
	}
}

// silence plans sysctls and then takes off the addresses that the kernel made up
// before the sysctls forbade it.
func (p *planner) silence(l Link) {
	p.sysctls(linkSysctls(l.Name), l.Present)
	for _, a := range l.Addresses {
		if a.kernelMade() && !p.manages(l.Name, a.Prefix) {
			p.add(DeleteAddress{l.Name, a.Prefix})
		}
	}
}

// manages says whether prefix is the management address of interface name.
func (p *planner) manages(name string, prefix netip.Prefix) bool {
	m := p.spec.management
	return m != nil && name == p.spec.managementDevice() && prefix == m.Address
}

func (p *planner) bridge() {
	br, mac := p.st.Bridge, wantedMAC(p.st)
	if !br.Present {
		if mac == nil {
			return
		}
		p.creating = true
		br = Link{Name: p.spec.Name}
		p.add(CreateBridge{p.spec.Name, mac}, MarkBridge{p.spec.Name})
	} else {
		for _, s := range bridgeSettings() {
			if have, known := br.Settings[s.Name]; known && have != s.Want {
				p.add(SetBridge{p.spec.Name, s.Name, have, s.Want})
			}
		}
		if mac != nil && !bytes.Equal(br.MAC, mac) {
			p.add(SetMAC{p.spec.Name, br.MAC, mac})
		}
	}
	p.silence(br)
	if !br.Up {
		p.add(SetUp{p.spec.Name})
	}
}

func (p *planner) port(l Link) {
	if !l.Present || l.portConflict(p.spec.Name) != nil {
		return
	}
	p.silence(l)
	if l.LRO {
		p.add(DisableLRO{l.Name})
	}
	if l.Master == p.spec.Name {
		p.portSettings(l)
	} else {
		p.enslave(l)
	}
	held := l.Name == p.spec.held
	if held && l.Up {
		p.add(SetDown{l.Name})
	}
	if !held && !l.Up {
		p.add(SetUp{l.Name})
	}
}

func (p *planner) enslave(l Link) {
	p.enslaving = true
	p.add(Enslave{l.Name, p.spec.Name})
	for _, s := range portSettings() {
		if s.New != s.Want {
			p.add(SetPort{l.Name, s.Name, s.New, s.Want})
		}
	}
}

func (p *planner) portSettings(l Link) {
	wanted := portSettings()
	// The kernel refuses a state on a port that is not running (-ENETDOWN).
	if l.Running && p.st.Bridge.Up && l.Name != p.spec.held {
		wanted = append(wanted, portState())
	}
	for _, s := range wanted {
		if have, known := l.Settings[s.Name]; known && have != s.Want {
			p.add(SetPort{l.Name, s.Name, have, s.Want})
		}
	}
}

// mtu follows the smaller port. The kernel does so by itself until somebody sets
// the bridge's MTU by hand, hence nothing is planned while ports join.
func (p *planner) mtu() {
	if p.creating || p.enslaving {
		return
	}
	least := 0
	for _, l := range p.st.ports() {
		if l.Present && l.Master == p.spec.Name && (least == 0 || l.MTU < least) {
			least = l.MTU
		}
	}
	if least == 0 {
		return
	}
	if p.st.Bridge.MTU != least {
		p.add(SetMTU{p.spec.Name, p.st.Bridge.MTU, least})
	}
	for _, id := range p.spec.vlans() {
		if l := p.st.vlan(p.spec.vlanName(id)); l.Present && l.Kind == "vlan" && l.MTU != least {
			p.add(SetMTU{l.Name, l.MTU, least})
		}
	}
}

func (p *planner) vlans() {
	wanted := p.spec.vlans()
	// What an earlier configuration left, unless somebody has come to use it.
	for _, l := range p.st.VLANs {
		if l.Kind == "vlan" && l.Parent == p.st.Bridge.Index && l.Name == p.spec.vlanName(l.VLAN) &&
			!slices.Contains(wanted, l.VLAN) && len(l.chosen()) == 0 {
			p.add(DeleteLink{l.Name})
		}
	}
	for _, id := range wanted {
		l := p.st.vlan(p.spec.vlanName(id))
		if l.Present && p.vlanConflict(l, id) != nil {
			continue
		}
		if !l.Present {
			p.add(AddVLAN{l.Name, p.spec.Name, id})
		}
		p.silence(l)
		if !l.Up {
			p.add(SetUp{l.Name})
		}
	}
}

func (p *planner) vlanConflict(l Link, id uint16) error { return vlanConflict(p.spec, p.st, l, id) }

// management removes before it adds: a second address in a subnet would be a
// secondary one, and go with the first.
func (p *planner) management() {
	m := p.spec.management
	if m == nil {
		return
	}
	name := p.spec.managementDevice()
	for _, l := range append([]Link{p.st.Bridge}, p.st.VLANs...) {
		for _, a := range l.Addresses {
			if a.Proto == protoLimpid && !p.manages(l.Name, a.Prefix) {
				p.add(DeleteAddress{l.Name, a.Prefix})
			}
		}
	}
	dev := p.st.Bridge
	if name != p.spec.Name {
		dev = p.st.vlan(name)
	}
	if m.Address.IsValid() && !slices.ContainsFunc(dev.Addresses, func(a Address) bool { return a.Prefix == m.Address }) {
		p.add(AddAddress{name, m.Address})
	}
	for _, gw := range p.st.Gateways {
		if gw != m.Gateway {
			p.add(DeleteGateway{name, gw})
		}
	}
	if m.Gateway.IsValid() && !slices.Contains(p.st.Gateways, m.Gateway) {
		p.add(AddGateway{name, m.Gateway})
	}
}

package bridge

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Status is the bridge as the kernel has it, read in one go. It is comparable by
// reflect.DeepEqual and shares nothing with the Bridge that returned it.
type Status struct {
	Bridge   Link
	LAN, WAN Link
	// VLANs are the interfaces named like VLAN devices of the bridge; by Kind, VLAN and
	// Parent one sees whether they are.
	VLANs []Link
	// Former is the bridge that limpid has made for these ports under another name, if
	// there is none by the name of the Spec; FormerVLANs are the VLAN devices on it.
	Former      Link
	FormerVLANs []Link
	// Foreign names ports of the bridge that are not in the Spec.
	Foreign []string
	// Strays are other bridges that limpid has made; looked for where the Spec is Alone.
	Strays []Link
	// Gateways are the default routes which limpid set for its own address.
	Gateways []netip.Addr
	// Loopback says that lo is up.
	Loopback bool
	// Sysctls holds the files below /proc/sys that exist, by path.
	Sysctls map[string]string

	// Held names the port that link propagation keeps down.
	Held string
	// Drift lists what this pass had to mend on a bridge that was right before.
	Drift []string
	// Pending lists the steps that are still needed after this pass.
	Pending []string
	// Warnings are for the administrator; nothing is done about them.
	Warnings []string
}

// Missing names the ports that are not there, the LAN port first.
func (s Status) Missing() []string {
	var names []string
	for _, port := range s.ports() {
		if !port.Present {
			names = append(names, port.Name)
		}
	}
	return names
}

// Forwarding says whether a frame that enters one port can leave by the other. It
// goes by what the kernel goes by, the state of the ports, which follows a carrier
// within about 1 s (net/core/link_watch.c).
func (s Status) Forwarding() bool {
	if !s.Bridge.Present || !s.Bridge.Up {
		return false
	}
	for _, port := range s.ports() {
		state, known := port.Settings[portState().Name]
		if !port.Running || port.Master != s.Bridge.Name || known && state != stateForwarding {
			return false
		}
	}
	return true
}

// Standing says whether there is a bridge for the ports, and it is up. With one port it
// waits for the other.
func (s Status) Standing() bool {
	br := s.standing()
	return br.Kind == "bridge" && br.Up
}

// Joined says whether both ports are in that bridge too: frames cross as soon as both
// have a link.
func (s Status) Joined() bool {
	br := s.standing()
	return s.Standing() && s.LAN.Master == br.Name && s.WAN.Master == br.Name
}

// standing is the bridge under the name that it has now.
func (s Status) standing() Link {
	if s.Former.Present {
		return s.Former
	}
	return s.Bridge
}

func (s Status) ports() []Link { return []Link{s.LAN, s.WAN} }

// warnings finds what only a person can put right.
func warnings(spec Spec, st Status) []string {
	var w []string
	if st.LAN.Present && st.WAN.Present && st.LAN.MTU != st.WAN.MTU {
		w = append(w, fmt.Sprintf("ports differ in MTU (%s %d, %s %d): larger frames are lost, set both alike",
			st.LAN.Name, st.LAN.MTU, st.WAN.Name, st.WAN.MTU))
	}
	for _, port := range st.ports() {
		if addrs := port.chosen(); len(addrs) > 0 {
			w = append(w, fmt.Sprintf("port %s has the address %s, which does not work in a bridge: move it to [management]",
				port.Name, strings.Join(addrs, " and ")))
		}
		if err := port.stackedConflict(); err != nil {
			w = append(w, err.Error())
		}
	}
	if len(st.Foreign) > 0 {
		w = append(w, fmt.Sprintf("bridge %s has a port that is not in the configuration: %s: take it out (ip link set %s nomaster)",
			spec.Name, strings.Join(st.Foreign, " and "), st.Foreign[0]))
	}
	return w
}

// vlan finds a VLAN device by name.
func (s Status) vlan(name string) Link {
	if i := slices.IndexFunc(s.VLANs, func(l Link) bool { return l.Name == name }); i >= 0 {
		return s.VLANs[i]
	}
	return Link{Name: name}
}

package bridge

import (
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Neighbour is what the box knows of a host beside it on its own network.
type Neighbour struct {
	IP    netip.Addr
	MAC   net.HardwareAddr // empty: not known
	State string           // as ip neigh names it: reachable, stale, failed ...; "none": never asked for
}

// Gateways are the routers that the box's own address leads to, as limpid has set
// them, with what is known of each.
func (b *Bridge) Gateways(st Status) ([]Neighbour, error) {
	if len(st.Gateways) == 0 {
		return nil, nil
	}
	spec := b.current()
	k, err := openKernel()
	if err != nil {
		return nil, err
	}
	defer k.close()
	index, err := k.index(spec.managementDevice())
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", spec.managementDevice(), err)
	}
	var list []Neighbour
	for _, gateway := range st.Gateways {
		family := unix.AF_INET
		if gateway.Is6() {
			family = unix.AF_INET6
		}
		known, err := k.handle.NeighList(index, family)
		if err != nil {
			return nil, fmt.Errorf("list neighbours on %s: %w", spec.managementDevice(), err)
		}
		n := Neighbour{IP: gateway, State: "none"}
		for _, entry := range known {
			if ip, ok := netip.AddrFromSlice(entry.IP); ok && ip.Unmap() == gateway {
				n.MAC, n.State = entry.HardwareAddr, neighbourState(entry.State)
			}
		}
		list = append(list, n)
	}
	return list, nil
}

func neighbourState(bits int) string {
	for _, s := range []struct {
		bit  int
		name string
	}{
		{unix.NUD_PERMANENT, "permanent"},
		{unix.NUD_REACHABLE, "reachable"},
		{unix.NUD_STALE, "stale"},
		{unix.NUD_DELAY, "delay"},
		{unix.NUD_PROBE, "probe"},
		{unix.NUD_FAILED, "failed"},
		{unix.NUD_INCOMPLETE, "incomplete"},
	} {
		if bits&s.bit != 0 {
			return s.name
		}
	}
	return "none"
}

package bridge

import (
	"errors"
	"slices"
	"strings"

	rawnl "github.com/mdlayher/netlink"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// mark is the alias (IFLA_IFALIAS) of a bridge that limpid has made. It is gone with
// the bridge, so that it is never taken for another's; a file could.
const mark = "limpid"

// former finds the bridge that limpid has made for these ports under another name: the
// one in which they are, and nobody else's, unless there is something by the name that
// is wanted now.
func (s *Status) former(links []Link) {
	if s.Bridge.Present {
		return
	}
	var masters []string
	for _, port := range s.ports() {
		if port.Master != "" {
			masters = append(masters, port.Master)
		}
	}
	if len(masters) == 0 || slices.ContainsFunc(masters, func(m string) bool { return m != masters[0] }) {
		return
	}
	old := named(links, masters[0])
	if old.Kind != "bridge" || old.Alias != mark {
		return
	}
	if slices.ContainsFunc(links, func(l Link) bool { return l.Master == old.Name && l.Name != s.LAN.Name && l.Name != s.WAN.Name }) {
		return
	}
	s.Former = old
	for _, l := range links {
		if l.Kind == "vlan" && l.Parent == old.Index && strings.HasPrefix(l.Name, old.Name+".") {
			s.FormerVLANs = append(s.FormerVLANs, l)
		}
	}
}

// bridgeName is what the bridge is called now: as wanted, but for one that is still to
// be renamed.
func (s *Status) bridgeName(spec Spec) string {
	if s.Former.Present {
		return s.Former.Name
	}
	return spec.Name
}

// renames plans the steps from the former name to the wanted one. All else waits for
// the next pass, which finds the bridge by it. A device whose new name would be too
// long or is taken keeps the old one.
func (p *planner) renames() {
	st := p.st
	p.add(RenameLink{st.Former.Name, p.spec.Name})
	for _, l := range st.FormerVLANs {
		name := p.spec.vlanName(l.VLAN)
		if len(name) <= maxName && !st.vlan(name).Present {
			p.add(RenameLink{l.Name, name})
		}
	}
}

// apply renames while frames cross, which kernels from 6.2 on do (dev_change_name in
// net/core/dev.c). An older one wants the interface down for it: then frames stop for
// that moment, routes go, and what follows mends them.
func (o RenameLink) apply(k *kernel) error {
	return k.with(o.From, func(l netlink.Link) error {
		err := k.handle.LinkSetName(l, o.To)
		if !errors.Is(err, unix.EBUSY) {
			return err
		}
		if err := k.handle.LinkSetDown(l); err != nil {
			return err
		}
		return errors.Join(k.handle.LinkSetName(l, o.To), k.handle.LinkSetUp(l))
	})
}

// apply is no part of CreateBridge: the kernel takes an alias only for what is there.
func (o MarkBridge) apply(k *kernel) error {
	index, err := k.index(o.Name)
	if err != nil {
		return err
	}
	return k.request(unix.RTM_SETLINK, 0, ifinfomsg(unix.AF_UNSPEC, index), func(ae *rawnl.AttributeEncoder) {
		ae.Bytes(unix.IFLA_IFALIAS, []byte(mark))
	})
}

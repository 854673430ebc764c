package bridge

import (
	"context"
	"slices"
)

// SamePorts passes over which of them is the clients': that makes no difference to a bridge.
func (s Spec) SamePorts(o Spec) bool {
	return s.LAN == o.LAN && s.WAN == o.WAN || s.LAN == o.WAN && s.WAN == o.LAN
}

// MakeRoom takes the bridge down, as Down does, for one of other ports, which could not be
// built beside it: a bridge keeps the ports that it has, and with a third one it is no wire.
// It says whether it did. The bridge stays where limpid has not made it, where it has a port
// of somebody else, and where the next one could not be built.
func (b *Bridge) MakeRoom(ctx context.Context, next Spec) (bool, error) {
	if err := next.validate(); err != nil {
		return false, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	k, err := openKernel()
	if err != nil {
		return false, err
	}
	defer k.close()
	is, err := k.readStatus(ctx, b.spec)
	if err != nil {
		return false, err
	}
	will, err := k.readStatus(ctx, next)
	if err != nil {
		return false, err
	}
	if !makesRoom(b.spec, is, next, will) || len(next.vlans()) > 0 && k.vlansSupported() != nil {
		return false, nil
	}
	return true, b.down(ctx, k)
}

// makesRoom says whether the bridge of spec goes for that of next.
func makesRoom(spec Spec, is Status, next Spec, will Status) bool {
	switch {
	case spec.SamePorts(next): // at most a new name
		return false
	case !is.Made() || len(is.Foreign) > 0:
		return false
	case len(will.Missing()) > 0:
		return false
	}
	then := will.without(is.standing())
	return len(conflicts(next, then)) == 0 && len(preflight(next, then)) == 0
}

// without is the Status as it will be when a bridge has gone.
func (s Status) without(gone Link) Status {
	for _, port := range []*Link{&s.LAN, &s.WAN} {
		if port.Master == gone.Name {
			port.Master = ""
		}
	}
	if s.Former.Index == gone.Index {
		s.Former, s.FormerVLANs = Link{}, nil
	}
	if s.Bridge.Index == gone.Index {
		s.Bridge, s.Foreign = Link{Name: s.Bridge.Name}, nil
	}
	s.VLANs = slices.DeleteFunc(slices.Clone(s.VLANs), func(l Link) bool { return l.Kind == "vlan" && l.Parent == gone.Index })
	return s
}

package supervise

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"

	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/bridge"
)

// WireState is what the supervisor needs to know of the bridge.
type WireState struct {
	control.Wire
	MAC      [6]byte  // of the bridge
	Broken   string   // why frames cannot cross as they should, and the mend; empty when they can
	Warnings []string // for the administrator
}

// Wire is the bridge.
type Wire interface {
	// Ensure builds or mends it as far as it can.
	Ensure(ctx context.Context) (WireState, error)
	// Watch keeps it so until ctx ends, and tells each change.
	Watch(ctx context.Context, changed func(WireState)) error
	// SetAddress gives the box its own address; the zero Prefix takes it away.
	SetAddress(ctx context.Context, prefix netip.Prefix, gateway netip.Addr) error
	// Traffic is what the ports have carried.
	Traffic() (lan, wan bridge.Traffic, err error)
	// Look, Learned and Gateways are what the doctor asks for.
	Look(ctx context.Context) (bridge.Look, error)
	Learned() (bridge.Learned, error)
	Gateways(st bridge.Status) ([]bridge.Neighbour, error)
}

// BridgeSpec is what a configuration asks of the bridge.
func BridgeSpec(c *config.Config) bridge.Spec {
	spec := bridge.Spec{Name: c.Bridge.Name, LAN: c.Bridge.Ports[0], WAN: c.Bridge.Ports[1],
		VLANs: c.Bridge.VLANs, LinkPropagation: c.Bridge.LinkPropagation}
	if c.Management.Interface == "" {
		spec.ManagementVLAN = c.Management.VLAN
	}
	return spec
}

// kernelBridge is the Wire of the real kernel.
type kernelBridge struct{ *bridge.Bridge }

// OpenWire looks whether the kernel and its interfaces allow the bridge, and
// touches nothing. A port that is not there is an error here: at start it is a
// mistake, later it is awaited.
func OpenWire(ctx context.Context, c *config.Config, log *slog.Logger) (Wire, error) {
	spec := BridgeSpec(c)
	if err := bridge.Check(ctx, spec); err != nil {
		return nil, err
	}
	b, err := bridge.New(spec, log)
	if err != nil {
		return nil, err
	}
	return kernelBridge{b}, nil
}

// Ensure implements Wire.
func (k kernelBridge) Ensure(ctx context.Context) (WireState, error) {
	st, err := k.Bridge.Ensure(ctx)
	return wireState(st), err
}

// Watch implements Wire.
func (k kernelBridge) Watch(ctx context.Context, changed func(WireState)) error {
	return k.Bridge.Watch(ctx, func(st bridge.Status) { changed(wireState(st)) })
}

func wireState(st bridge.Status) WireState {
	w := WireState{
		Wire:     control.Wire{Bridge: linkState(st.Bridge), LAN: linkState(st.LAN), WAN: linkState(st.WAN)},
		Warnings: st.Warnings,
	}
	copy(w.MAC[:], st.Bridge.MAC)
	switch missing := st.Missing(); {
	case len(missing) == 1:
		w.Broken = fmt.Sprintf("port %s is missing: plug it in, or correct bridge.ports", missing[0])
	case len(missing) > 1:
		w.Broken = fmt.Sprintf("ports %s are missing: plug them in, or correct bridge.ports", strings.Join(missing, " and "))
	case len(st.Pending) > 0:
		w.Broken = fmt.Sprintf("bridge is not as it should be: %s is still to do", strings.Join(st.Pending, ", "))
	case !st.Bridge.Present || !st.Bridge.Up:
		w.Broken = fmt.Sprintf("bridge %s is not up", st.Bridge.Name)
	}
	return w
}

func linkState(l bridge.Link) control.Link {
	return control.Link{Name: l.Name, Present: l.Present, Up: l.Up, Carrier: l.Carrier, MAC: l.MAC.String(), MTU: l.MTU, Speed: l.SpeedMbps, FullDuplex: l.FullDuplex}
}

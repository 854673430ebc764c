package supervise

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"

	"limpid/appliance/control"
	"limpid/appliance/packets"
)

// PacketCapture implements control.PacketCapturer.
func (b backend) PacketCapture(context.Context) (control.CaptureState, error) {
	b.packets.mu.Lock()
	defer b.packets.mu.Unlock()
	if b.packets.last == nil {
		return control.CaptureState{}, nil
	}
	shown := b.packets.last.shown()
	return control.CaptureState{Capture: &shown}, nil
}

// StartCapture implements control.PacketCapturer.
func (b backend) StartCapture(_ context.Context, request control.CaptureRequest) (control.PacketCapture, error) {
	b.mu.Lock()
	state := b.state
	b.mu.Unlock()
	var ports []packets.Port
	for _, side := range []struct {
		name control.Side
		link control.Link
	}{{control.ClientSide, state.LAN}, {control.ServerSide, state.WAN}} {
		if request.Side != side.name && request.Side != control.BothSides {
			continue
		}
		device, err := net.InterfaceByName(side.link.Name)
		if err != nil {
			return control.PacketCapture{}, control.Refuse(fmt.Errorf("capture at %s: %w: plug it in, or correct bridge.ports", side.link.Name, err))
		}
		ports = append(ports, packets.Port{Name: string(side.name), Device: side.link.Name, Index: device.Index})
	}
	own, err := ownOf(state.MAC)
	if err != nil {
		return control.PacketCapture{}, fmt.Errorf("capture: %w", err)
	}
	c, err := b.packets.begin(request, ports, own)
	if err != nil {
		return control.PacketCapture{}, err
	}
	return c.shown(), nil
}

// ownOf is what the box is known by on the wire: the bridge's MAC, and each address
// on any interface, with the MAC of that.
func ownOf(bridge [6]byte) (packets.Own, error) {
	own := packets.Own{MACs: [][6]byte{bridge}}
	devices, err := net.Interfaces()
	if err != nil {
		return own, fmt.Errorf("look for the box's addresses: %w", err)
	}
	for _, device := range devices {
		if device.Flags&net.FlagLoopback != 0 {
			continue
		}
		addresses, err := device.Addrs()
		if err != nil {
			return own, fmt.Errorf("look for the addresses of %s: %w", device.Name, err)
		}
		for _, address := range addresses {
			if prefix, err := netip.ParsePrefix(address.String()); err == nil {
				own.Addresses = append(own.Addresses, prefix.Addr().Unmap().WithZone(""))
			}
		}
		if len(addresses) > 0 && len(device.HardwareAddr) == len(bridge) && [6]byte(device.HardwareAddr) != bridge {
			own.MACs = append(own.MACs, [6]byte(device.HardwareAddr))
		}
	}
	return own, nil
}

// StopCapture implements control.PacketCapturer.
func (b backend) StopCapture(ctx context.Context, id uint64) (control.PacketCapture, error) {
	c, err := b.packets.end(ctx, id)
	if err != nil {
		return control.PacketCapture{}, err
	}
	return c.shown(), nil
}

// ForgetCapture implements control.PacketCapturer.
func (b backend) ForgetCapture(ctx context.Context, id uint64) error {
	return b.packets.remove(ctx, id)
}

// ReadCapture implements control.PacketCapturer.
func (b backend) ReadCapture(ctx context.Context, id uint64) (io.ReadCloser, error) {
	c, err := b.packets.find(id)
	if err != nil {
		return nil, err
	}
	return c.file.read(ctx), nil
}

package boot

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"limpid/appliance/config"
	"limpid/bridge"
)

// buildBridge makes the two ports a wire, with nothing but their names.
func buildBridge(ctx context.Context, b *Box) error {
	b.mu.Lock()
	ports := b.ports
	b.mu.Unlock()
	if ports[0] == "" {
		return errors.New("build bridge: no two ports")
	}
	return b.useBridge(ctx, bridge.Spec{Name: config.Default().Bridge.Name, LAN: ports[0], WAN: ports[1]})
}

// useBridge builds a bridge and remembers it as the one to keep.
func (b *Box) useBridge(ctx context.Context, spec bridge.Spec) error {
	made, err := bridge.New(spec, b.log)
	if err != nil {
		return err
	}
	st, err := made.Ensure(ctx)
	b.mu.Lock()
	b.bridge, b.bridgeName = made, spec.Name
	b.mu.Unlock()
	if err != nil {
		return fmt.Errorf("build bridge: %w", err)
	}
	if missing := st.Missing(); len(missing) > 0 {
		return &bridge.MissingPortError{Ports: missing}
	}
	b.log.Info("wire", "bridge", spec.Name, "clients", spec.LAN, "servers", spec.WAN)
	return nil
}

// keepBridge mends the bridge while no supervisor does. The settings may have got another
// name for it since.
func (b *Box) keepBridge(ctx context.Context) {
	b.mu.Lock()
	made, path, name, ports := b.bridge, b.config, b.bridgeName, b.ports
	b.mu.Unlock()
	if made == nil {
		return
	}
	if c, err := config.Load(path); err == nil && c.Bridge.Name != name && slices.Equal(sorted(c.Bridge.Ports), sorted(ports[:])) {
		b.alarm("ports", adoptPorts(ctx, b))
		return
	}
	if _, err := made.Ensure(ctx); err != nil && ctx.Err() == nil {
		b.log.Warn("bridge", "error", err)
	}
}

// adoptPorts builds the bridge that the configuration names, where it is another. One
// with the same ports is renamed.
func adoptPorts(ctx context.Context, b *Box) error {
	b.mu.Lock()
	path, made, name := b.config, b.bridge, b.bridgeName
	ports := b.ports
	b.mu.Unlock()
	c, err := config.Load(path)
	if err != nil {
		return err
	}
	spec := bridge.Spec{Name: c.Bridge.Name, LAN: c.Bridge.Ports[0], WAN: c.Bridge.Ports[1]}
	same := slices.Equal(sorted(c.Bridge.Ports), sorted(ports[:]))
	if made != nil && spec.Name == name && same {
		return nil // which of them is the clients' makes no difference to a bridge
	}
	if made != nil && !same {
		b.log.Info("the settings name other ports", "clients", spec.LAN, "servers", spec.WAN)
		if err := made.Down(ctx); err != nil {
			b.log.Warn("bridge", "error", err)
		}
	}
	b.mu.Lock()
	b.ports = [2]string{spec.LAN, spec.WAN}
	b.mu.Unlock()
	return b.useBridge(ctx, spec)
}

func sorted(names []string) []string {
	s := slices.Clone(names)
	slices.Sort(s)
	return s
}

package boot

import (
	"context"
	"errors"
	"fmt"

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
	b.adopting.Lock()
	defer b.adopting.Unlock()
	return b.useBridge(ctx, wireBetween(config.Default().Bridge.Name, ports))
}

// useBridge builds a bridge and remembers it as the one to keep.
func (b *Box) useBridge(ctx context.Context, spec bridge.Spec) error {
	made, err := bridge.New(spec, b.log)
	if err != nil {
		return err
	}
	b.keep(made, spec)
	if err := b.mendBridge(ctx); err != nil {
		return err
	}
	b.log.Info("wire", "bridge", spec.Name, "clients", spec.LAN, "servers", spec.WAN)
	return nil
}

// mendBridge builds what is missing of the bridge that is kept, if there is one, and ends
// the one that a trial has put in its place.
func (b *Box) mendBridge(ctx context.Context) error {
	kept, _ := b.keeps()
	if kept == nil {
		return nil
	}
	st, err := kept.Ensure(ctx)
	if err != nil {
		return fmt.Errorf("build bridge: %w", err)
	}
	if missing := st.Missing(); len(missing) > 0 {
		return &bridge.MissingPortError{Ports: missing}
	}
	return nil
}

// keep remembers a bridge as the one to keep.
func (b *Box) keep(made *bridge.Bridge, spec bridge.Spec) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bridge, b.wire = made, spec
}

// keeps is the bridge that is kept; nil: none.
func (b *Box) keeps() (*bridge.Bridge, bridge.Spec) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bridge, b.wire
}

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
	return b.useBridge(ctx, bridge.Spec{Name: config.Default().Bridge.Name, LAN: ports[0], WAN: ports[1]})
}

// useBridge builds a bridge and remembers it as the one to keep.
func (b *Box) useBridge(ctx context.Context, spec bridge.Spec) error {
	made, err := bridge.New(spec, b.log)
	if err != nil {
		return err
	}
	b.mu.Lock()
	b.bridge, b.wire = made, spec
	b.mu.Unlock()
	if err := b.mendBridge(ctx); err != nil {
		return err
	}
	b.log.Info("wire", "bridge", spec.Name, "clients", spec.LAN, "servers", spec.WAN)
	return nil
}

// mendBridge builds what is missing of the bridge that is kept, if there is one.
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

// keeps is the bridge that is kept; nil: none.
func (b *Box) keeps() (*bridge.Bridge, bridge.Spec) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bridge, b.wire
}

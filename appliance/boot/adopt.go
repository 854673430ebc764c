package boot

import (
	"context"
	"errors"
	"fmt"

	"limpid/appliance/config"
	"limpid/bridge"
)

// adoptPorts makes the bridge the one that the configuration names, and mends it while
// no supervisor does: never beside one that runs, which may try another wire and would mend
// that. Beside such a trial it is the only way from one bridge to another, and goes one at a
// time: two that build for different ports could leave three in one bridge, a loop.
func adoptPorts(ctx context.Context, b *Box) error {
	b.adopting.Lock()
	defer b.adopting.Unlock()
	b.mu.Lock()
	path := b.config
	b.mu.Unlock()
	c, err := config.Load(path)
	if err != nil {
		return errors.Join(err, b.mendBridge(ctx))
	}
	want := wireOf(c)
	b.follow(ctx, want)
	kept, now := b.keeps()
	switch {
	case kept == nil:
	case !now.SamePorts(want):
		if err := b.leaveBridge(ctx, want); err != nil {
			return errors.Join(err, b.mendBridge(ctx))
		}
	case now.Name == want.Name:
		return b.mendBridge(ctx)
	}
	return b.useBridge(ctx, want) // one with the same ports is renamed
}

// leaveBridge takes the bridge that is kept down, for one of other ports. It stays if
// those are not there, and if it does not let go: both would be in one bridge then.
func (b *Box) leaveBridge(ctx context.Context, want bridge.Spec) error {
	if missing := b.missing(ctx, want); len(missing) > 0 {
		return &bridge.MissingPortError{Ports: missing}
	}
	b.log.Info("the configuration names other ports", "clients", want.LAN, "servers", want.WAN)
	kept, _ := b.keeps()
	if err := kept.Down(ctx); err != nil {
		return fmt.Errorf("leave bridge: %w", err)
	}
	return nil
}

// missing names ports of another wire that are not there, for which the one that is kept
// would be given up. One that is not whole itself is no loss.
func (b *Box) missing(ctx context.Context, want bridge.Spec) []string {
	if _, now := b.keeps(); now.SamePorts(want) || !b.whole(ctx) {
		return nil
	}
	return b.absent(ctx, want)
}

// whole says whether both ports of the bridge that is kept are in it, or would be were it
// not for one on trial.
func (b *Box) whole(ctx context.Context) bool {
	look, ok := b.seen(ctx)
	return ok && (look.Joined() || look.Displaced())
}

// standing says whether the bridge that is kept is there and up, or the one that the
// supervisor has in its place. Where the kernel does not say, it is not.
func (b *Box) standing(ctx context.Context) bool {
	look, ok := b.seen(ctx)
	return ok && (look.Standing() || look.Elsewhere())
}

// seen is the bridge that is kept as the kernel has it, if there is one.
func (b *Box) seen(ctx context.Context) (bridge.Look, bool) {
	kept, _ := b.keeps()
	if kept == nil {
		return bridge.Look{}, false
	}
	look, err := kept.Look(ctx)
	return look, err == nil
}

// absent names ports that are not there. Where the kernel does not say, they are.
func (b *Box) absent(ctx context.Context, want bridge.Spec) []string {
	other, err := bridge.New(want, b.log)
	if err != nil {
		return nil
	}
	look, err := other.Look(ctx)
	if err != nil {
		return nil
	}
	return look.Missing()
}

// awaitPorts has the settings at path taken over when the ports have come for which they
// were passed over.
func (b *Box) awaitPorts(ctx context.Context, path string) {
	b.mu.Lock()
	waits := b.waits
	b.mu.Unlock()
	if !waits {
		return
	}
	c, err := config.Load(path)
	if err != nil || len(b.absent(ctx, wireOf(c))) > 0 {
		return
	}
	b.log.Info("the ports of the settings are there")
	b.askSettings()
}

// wireOf is the wire that a configuration names.
func wireOf(c *config.Config) bridge.Spec {
	return wireBetween(c.Bridge.Name, [2]string(c.Bridge.Ports))
}

// wireBetween is the only wire of a box: one that a supervisor has left of a trial goes for it.
func wireBetween(name string, ports [2]string) bridge.Spec {
	return bridge.Spec{Name: name, LAN: ports[0], WAN: ports[1], Alone: true}
}

package boot

import (
	"context"

	"limpid/appliance/config"
	"limpid/bridge"
)

// A supervisor tries a wire of other ports by itself: it takes the one that is kept here
// down, builds another, and takes that down for the former. Process 1 leaves it alone as
// long as it runs. What is kept stays what the configuration on the disk says: that is the
// former wire until the trial is confirmed, and the one to come back when its supervisor
// has ended, whichever way.

// followTrial has a wire kept when the trial of it was confirmed: the settings at path name it.
func (b *Box) followTrial(ctx context.Context, path string) {
	if look, ok := b.seen(ctx); !ok || look.Joined() {
		return
	}
	if !b.adopting.TryLock() {
		return
	}
	defer b.adopting.Unlock()
	if c, err := config.Load(path); err == nil {
		b.follow(ctx, wireOf(c))
	}
}

// follow keeps the wire that the configuration wants, if it stands already between other
// ports than those of the one that was kept. It builds nothing, and is called with adopting
// held.
func (b *Box) follow(ctx context.Context, want bridge.Spec) {
	kept, now := b.keeps()
	if kept == nil || now.SamePorts(want) {
		return
	}
	made, err := bridge.New(want, b.log)
	if err != nil {
		return
	}
	look, err := made.Look(ctx)
	if err != nil || !look.Joined() || len(look.Foreign) > 0 {
		return
	}
	b.keep(made, want)
	b.log.Info("wire of other ports is kept", "bridge", want.Name, "clients", want.LAN, "servers", want.WAN)
}

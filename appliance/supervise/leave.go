package supervise

import (
	"context"
	"fmt"
	"log/slog"

	"limpid/appliance/config"
	"limpid/bridge"
)

// LeaveWire takes down the wire of a former configuration where the one that comes names other ports. It stays where that
// could not be built in its place: limpid cannot start then, and says why.
func LeaveWire(ctx context.Context, former, fresh *config.Config, log *slog.Logger) (left bool, err error) {
	old, err := bridge.New(BridgeSpec(former), log)
	if err != nil {
		return false, fmt.Errorf("leave bridge: %w", err)
	}
	left, err = old.MakeRoom(ctx, BridgeSpec(fresh))
	if err != nil {
		return left, fmt.Errorf("leave bridge: %w", err)
	}
	if left {
		log.Info("other ports: the wire of before is taken down", "was", former.Bridge.Ports, "will_be", fresh.Bridge.Ports)
	}
	return left, nil
}

// leaveWire has the wire of former, nil where there was no supervisor before, make room for that of the one that comes, and
// says whether it has gone. It does so on limpid's own box alone, where process 1 brings a wire back whatever becomes of
// supervisors; elsewhere a bridge of other ports is refused, and what people have put on the one that is there stays.
func leaveWire(ctx context.Context, o Options, former *config.Config) bool {
	if former == nil || !ownBox(o) {
		return false
	}
	fresh, err := firstConfig(o)
	if err != nil {
		return false // and no supervisor comes
	}
	left, err := o.LeaveWire(ctx, former, fresh, o.Log)
	if err != nil {
		o.Log.Error("the wire of before does not go", "error", err)
	}
	return left
}

// returnWire puts a wire up where one has gone and no supervisor has come: that of the settings that hold, or else the one
// that was there. Nobody else may.
func returnWire(ctx context.Context, o Options, was *config.Config) {
	all := []*config.Config{was}
	if holds, err := firstConfig(o); err == nil {
		all = []*config.Config{holds, was}
	}
	for _, c := range all {
		wire, err := o.OpenWire(ctx, c, o.Log)
		if err == nil {
			_, err = wire.Ensure(ctx)
		}
		if err == nil {
			return
		}
		o.Log.Error("no wire where there was one", "ports", c.Bridge.Ports, "error", err)
	}
}

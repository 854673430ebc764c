package doctor

import (
	"context"

	"limpid/bridge"
	"limpid/interceptor"
)

// Wire is what is asked of the bridge.
type Wire interface {
	Look(ctx context.Context) (bridge.Look, error)
	Traffic() (lan, wan bridge.Traffic, err error)
	Learned() (bridge.Learned, error)
	Gateways(st bridge.Status) ([]bridge.Neighbour, error)
}

// Read looks at everything in the network namespace of the caller and changes nothing.
// inspect is the Inspect of an Interceptor, or of its package.
func Read(ctx context.Context, wire Wire, inspect func(context.Context) (interceptor.Found, error)) Kernel {
	var k Kernel
	k.Bridge, k.BridgeErr = wire.Look(ctx)
	k.LAN, k.WAN, k.TrafficErr = wire.Traffic()
	k.Learned, k.LearnedErr = wire.Learned()
	if k.BridgeErr == nil {
		k.Gateways, k.GatewaysErr = wire.Gateways(k.Bridge.Status)
	}
	k.Capture, k.CaptureErr = inspect(ctx)
	k.Listeners, k.ListenersErr = readListeners()
	return k
}

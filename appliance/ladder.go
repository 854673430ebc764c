package main

import (
	"context"
	"os"
	"slices"
	"time"

	"limpid/appliance/child"
	"limpid/appliance/control"
	"limpid/appliance/ladder"
	"limpid/appliance/packets"
)

func ladderCommand() command {
	return command{name: "ladder", summary: "The process that follows one connection; supervise starts it", hidden: true, run: runLadder}
}

func runLadder(ctx context.Context, t terminal, args []string) error {
	if _, err := parse(newFlags("ladder"), args); err != nil {
		return err
	}
	var settings ladder.Settings
	conn, err := enter(&settings, child.LadderIPv6FD)
	if err != nil {
		return err
	}
	if err := child.Unprivileged(); err != nil {
		return err
	}
	if err := child.LadderBounds().Set(); err != nil {
		return err
	}
	// Opened before they are locked: after that nothing can be.
	source := os.NewFile(child.LadderSocketFD, "packet socket")
	layers := []*os.File{os.NewFile(child.LadderIPv4FD, "packet socket"), os.NewFile(child.LadderIPv6FD, "packet socket")}
	if err := packets.Lock(child.LadderSocketFD, child.LadderIPv4FD, child.LadderIPv6FD); err != nil {
		return err
	}
	return serve(ctx, newChildLog(t.err), conn, 0, nil, func(ctx context.Context) error {
		follower := ladder.NewFollower(settings, time.Now())
		dropped, err := packets.Watch(ctx, source, layers, func(h packets.Heard) {
			if f, ok := placed(settings.Devices, h); ok {
				follower.Take(f, time.Now())
			}
		}, func() bool { return follower.Over(time.Now()) })
		if err != nil {
			return err
		}
		telling, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastCount)
		defer cancel()
		return conn.Call(telling, child.MethodLadder, follower.Result(dropped), nil)
	})
}

// placed says at which place a frame was seen. What the box's own IP was given is the
// loop, whatever device that came from.
func placed(devices []ladder.Device, h packets.Heard) (ladder.Frame, bool) {
	i := slices.IndexFunc(devices, func(d ladder.Device) bool { return d.Index == h.Index })
	if i < 0 {
		return ladder.Frame{}, false
	}
	f := ladder.Frame{Data: h.Data, Length: h.Length, Place: devices[i].Place, Device: devices[i].Name, Out: h.Out, At: h.At}
	if h.Layer {
		f.Place = control.AtLoop
	}
	return f, true
}

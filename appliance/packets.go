package main

import (
	"context"
	"encoding/json"
	"os"
	"time"

	"limpid/appliance/child"
	"limpid/appliance/link"
	"limpid/appliance/packets"
)

// lastCount bounds how long the supervisor may take to hear how a capture has ended.
const lastCount = time.Second

func packetsCommand() command {
	return command{name: "packets", summary: "The process that records frames; supervise starts it", hidden: true, run: runPackets}
}

func runPackets(ctx context.Context, t terminal, args []string) error {
	if _, err := parse(newFlags("packets"), args); err != nil {
		return err
	}
	var settings packets.Settings
	conn, err := enter(&settings, child.PacketsFileFD)
	if err != nil {
		return err
	}
	if err := child.Unprivileged(); err != nil {
		return err
	}
	if err := child.PacketsBounds(settings.Size).Set(); err != nil {
		return err
	}
	// Opened before they are locked: after that nothing can be.
	source, file := os.NewFile(child.PacketsSocketFD, "packet socket"), os.NewFile(child.PacketsFileFD, "capture")
	if err := packets.Lock(child.PacketsSocketFD); err != nil {
		return err
	}
	recording, stop := context.WithCancel(ctx)
	defer stop()
	handlers := map[string]link.Handler{child.MethodStop: func(json.RawMessage) (any, error) { stop(); return nil, nil }}
	return serve(recording, newChildLog(t.err), conn, 0, handlers, func(ctx context.Context) error {
		count, err := packets.Record(ctx, settings, source, file, func(c packets.Count) {
			_ = conn.Notify(child.MethodRecorded, c) // a supervisor that is gone needs no numbers
		})
		if err != nil {
			return err
		}
		// Answered, so that it is not lost with the link.
		telling, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastCount)
		defer cancel()
		return conn.Call(telling, child.MethodRecorded, count, nil)
	})
}

package main

import (
	"context"
	"path/filepath"
	"strconv"
	"time"
)

// suggestion is something for the visitor to try in another terminal.
type suggestion struct{ what, command string }

// suggestions hold for this run: names and numbers are filled in. Each line is
// copied as a whole, so none is folded.
func (d *demo) suggestions(proxy int) []suggestion {
	in := func(host, command string) string {
		return "ip netns exec " + d.lab.Node(host).Namespace() + " " + command
	}
	return []suggestion{
		{"ask a server through the wire", in("c1", "curl -i http://10.77.0.101/hello")},
		{"a slow download, to have something to look at", in("c4", "curl -so /dev/null --limit-rate 99k 10.80.0.2/big &")},
		{"what goes by, on the clients' side (or wansw: the servers')", in("lansw", "tcpdump -eni box tcp port 80")},
		{"limpid's view of it", "cd " + filepath.Dir(d.program.RunDir)},
		{"", "./limpid status --run run"},
		{"", "./limpid flows --run run"},
		{"", "./limpid rules --run run"},
		{"step aside for a while", "./limpid bypass on --for 10s --run run"},
		{"kill the proxy as it is now; status names the next one", "kill -9 " + strconv.Itoa(proxy)},
		{"even this costs no new connection", "kill -9 " + strconv.Itoa(d.program.PID()) + "   # the supervisor"},
	}
}

// stay leaves everything up for the visitor and tells what limpid does, until
// a signal comes.
func (d *demo) stay(ctx context.Context) error {
	if d.box != nil {
		return d.stayBox(ctx)
	}
	s, err := d.limpid.Status(ctx)
	if err != nil {
		return err
	}
	d.screen.say("Try, as root in another terminal:")
	for _, line := range d.suggestions(s.Proxy.PID) {
		d.screen.suggest(line.what, line.command)
	}
	d.screen.blank()
	d.screen.say("Until then, limpid's log as it comes:")
	return d.follow(ctx)
}

// follow prints what limpid logs until ctx ends: Ctrl-C is how this ends, and
// no failure. It goes on when the visitor has ended the supervisor: the wire
// stays, and with it the demo.
func (d *demo) follow(ctx context.Context) error {
	log := &logbook{path: d.program.LogPath}
	if err := log.skip(); err != nil {
		return err
	}
	// Soon enough to look like at once.
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	ended := d.limpid.Done()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-ended:
			// Once: a closed channel would be ready for ever.
			ended = nil
			d.screen.output(time.Now().Format(time.TimeOnly) + "  the supervisor has ended: what is left is the bridge, a plain wire")
		}
		entries, err := log.read()
		if err != nil {
			return err
		}
		for _, e := range entries {
			d.screen.output(e.clock())
		}
	}
}

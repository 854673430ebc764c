package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"limpid/test/lab"
)

// endsFile is curl's output format, in the clients' directory: which two
// sockets it used.
const (
	endsFile   = "ends"
	endsMark   = "curl: from "
	endsFormat = endsMark + "%{local_ip}:%{local_port} to %{remote_ip}:%{remote_port}\n"
)

// exchange is one request and what was seen of it everywhere.
type exchange struct {
	// client and server as curl's own socket names them.
	client, server netip.AddrPort
	// logged is the line in the server's access log.
	logged string
	// lan and wan are the frames next to the box, on the clients' and the
	// servers' side.
	lan, wan []lab.Frame
}

// request makes one request with curl and captures it at both ends. On an
// error the captures run on until the lab is closed, which is soon.
func (d *demo) request(ctx context.Context, from *lab.Node, to *origin, server string, show bool) (*exchange, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	lan, err := d.lab.LANSwitch.Capture("box", lab.TCP(80))
	if err != nil {
		return nil, err
	}
	wan, err := d.lab.WANSwitch.Capture("box", lab.TCP(80))
	if err != nil {
		return nil, err
	}
	// Both have begun when the client does.
	run := d.silently
	if show {
		run = d.client
	}
	out, err := run(ctx, from, "curl", "-si", "-w", "@"+endsFile, "http://"+server+"/hello")
	if err != nil {
		return nil, err
	}
	// The port that curl was given tells its frames and its line in the log
	// from all others.
	x := &exchange{}
	if x.client, x.server, err = parseEnds(out); err != nil {
		return nil, err
	}
	if x.logged, err = to.logged(ctx, x.client); err != nil {
		return nil, err
	}
	if x.lan, err = whole(ctx, lan, x.client.Port()); err != nil {
		return nil, err
	}
	if x.wan, err = whole(ctx, wan, x.client.Port()); err != nil {
		return nil, err
	}
	return x, nil
}

// whole waits until the connection has ended both ways, and returns its frames.
// On the two sides of a proxy the ends come at different times.
func whole(ctx context.Context, c *lab.Capture, port uint16) ([]lab.Frame, error) {
	err := c.WaitFor(ctx, func(frames []lab.Frame) bool {
		ends := lab.Select(frames, lab.TCP(port), lab.WithFlags(lab.FIN))
		return len(lab.Select(ends, lab.Toward(lab.ToServers))) > 0 && len(lab.Select(ends, lab.Toward(lab.ToClients))) > 0
	})
	if err != nil {
		return nil, err
	}
	frames, err := c.Stop()
	return lab.Select(frames, lab.TCP(port)), err
}

// parseEnds reads what endsFormat made curl print.
func parseEnds(out string) (client, server netip.AddrPort, err error) {
	_, line, found := strings.Cut(out, endsMark)
	from, to, split := strings.Cut(strings.TrimSpace(line), " to ")
	if !found || !split {
		return client, server, fmt.Errorf("read curl's addresses: none in %q", out)
	}
	client, err = netip.ParseAddrPort(from)
	if err == nil {
		server, err = netip.ParseAddrPort(to)
	}
	if err != nil {
		return client, server, fmt.Errorf("read curl's addresses: %w", err)
	}
	return client, server, nil
}

// checkEnds: the server saw the socket that the client used, and the wire had
// the same on both sides of the box.
func (x *exchange) checkEnds() error {
	if want := fmt.Sprintf("%s > %s ", x.client, x.server); !strings.HasPrefix(x.logged, want) {
		return fmt.Errorf("compare the ends: the client says %q, the server's log %q", strings.TrimSpace(want), x.logged)
	}
	if diff := lab.Diff(lab.Tuples(x.lan), lab.Tuples(x.wan)); diff != "" {
		return fmt.Errorf("compare the ends: first the clients', second the servers':\n%s", diff)
	}
	return nil
}

// sameAs compares what two exchanges showed on both sides, whatever port the
// client had each time.
func (x *exchange) sameAs(y *exchange) error {
	return errors.Join(
		sameTuples("on the clients' side", x.anyPort(x.lan), y.anyPort(y.lan)),
		sameTuples("on the servers' side", x.anyPort(x.wan), y.anyPort(y.wan)),
	)
}

// sameTuples is the comparison of one side; how often each tuple was seen is
// not compared (see lab.Diff).
func sameTuples(where string, a, b lab.Set[lab.Tuple]) error {
	if diff := lab.Diff(a, b); diff != "" {
		return fmt.Errorf("compare two requests %s:\n%s", where, diff)
	}
	return nil
}

// anyPort reduces frames to tuples in which the client's port is 0.
func (x *exchange) anyPort(frames []lab.Frame) lab.Set[lab.Tuple] {
	set := lab.Set[lab.Tuple]{}
	for _, f := range frames {
		t := f.Tuple()
		for _, end := range []*netip.AddrPort{&t.Src, &t.Dst} {
			if *end == x.client {
				*end = netip.AddrPortFrom(end.Addr(), 0)
			}
		}
		set[t]++
	}
	return set
}

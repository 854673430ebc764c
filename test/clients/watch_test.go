package clients

import (
	"context"
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"

	"limpid/test/lab"
)

// discard is the port of the datagrams that mark the end of a scenario: no
// frame of its clients comes after one (RFC 863).
const discard = 9

// watch captures on both sides of limpid, or before the bare bridge.
type watch struct {
	world    *world
	lan, wan *lab.Capture // wan nil for the bare bridge
}

func startWatch(w *world) (*watch, error) {
	filter := func(f lab.Frame) bool { return lab.TCP(80)(f) || lab.UDP(discard)(f) }
	lan, err := w.lab.LANSwitch.Capture("box", filter)
	if err != nil || w.limpid == nil {
		return &watch{world: w, lan: lan}, err
	}
	wan, err := w.lab.WANSwitch.Capture("box", filter)
	return &watch{world: w, lan: lan, wan: wan}, err
}

// stop waits until every connection has ended and puts them together.
func (w *watch) stop(ctx context.Context) (lan, wan []*lab.Conversation, err error) {
	conn, err := w.world.lab.C1.Dialer().DialContext(ctx, "udp", netip.AddrPortFrom(w.world.lab.S1.IP4(), discard).String())
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("end")); err != nil {
		return nil, nil, err
	}
	if lan, err = finish(ctx, w.lan, 0); err != nil || w.wan == nil {
		return lan, nil, err
	}
	wan, err = finish(ctx, w.wan, len(lan))
	return lan, wan, err
}

// finish waits for the mark, for at least that many connections, and for the
// end of all.
func finish(ctx context.Context, c *lab.Capture, least int) ([]*lab.Conversation, error) {
	err := c.WaitFor(ctx, func(frames []lab.Frame) bool {
		marks, begun := 0, map[netip.AddrPort]bool{}
		for _, f := range frames {
			switch {
			case f.Protocol == unix.IPPROTO_UDP:
				marks++
			case f.Flags&(lab.SYN|lab.ACK) == lab.SYN:
				begun[netip.AddrPortFrom(f.Src, f.SrcPort)] = true
			}
		}
		return marks > 0 && len(begun) >= least && lab.AllEnded(frames)
	})
	frames, stop := c.Stop()
	if err != nil || stop != nil {
		return nil, errors.Join(err, stop)
	}
	return lab.Conversations(frames)
}

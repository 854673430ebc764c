package gate

import (
	"errors"
	"log/slog"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"limpid/interceptor"
	"limpid/proxy/handover"
	"limpid/proxy/scoreboard"
	"limpid/proxy/socket"
)

// idleGate is a gate in accept mode, beside a proxy with this board, whose loop does not run.
func idleGate(t *testing.T, proxy *scoreboard.Board) *Gate {
	t.Helper()
	sender, receiver := queue(t)
	_, returned := queue(t)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	g, err := New(Settings{Handshake: interceptor.Accept}, Sockets{
		Sender: sender, Receiver: receiver, Returned: returned, Board: scoreboard.Local(), ProxyBoard: proxy, Listeners: []int{fd},
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.pool.Close(); _ = g.loop.Close() })
	return g
}

func queue(t *testing.T) (*handover.Sender, *handover.Receiver) {
	t.Helper()
	s, r, err := handover.Pair()
	if err != nil {
		t.Fatal(err)
	}
	sender, receiver := handover.NewSender(s), handover.NewReceiver(r)
	t.Cleanup(func() { _ = sender.Close(); _ = receiver.Close() })
	return sender, receiver
}

// give has the gate offer a flow, and says whether it went to the proxy.
func give(t *testing.T, g *Gate, health bool) bool {
	t.Helper()
	f := handover.Flow{ID: g.nextID(), Client: netip.MustParseAddrPort("192.0.2.1:1000"), Server: netip.MustParseAddrPort("192.0.2.2:80"), Health: health}
	for _, fd := range []*int{&f.ClientFD, &f.UpstreamFD} {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		*fd = pair[0]
		t.Cleanup(func() { _ = unix.Close(pair[1]) })
	}
	before := g.Board.Get(scoreboard.HandedOver)
	g.offer(&f)
	return g.Board.Get(scoreboard.HandedOver) > before
}

// take is what a proxy does.
func take(t *testing.T, g *Gate) {
	t.Helper()
	for {
		var f handover.Flow
		switch err := g.Receiver.Receive(&f); {
		case errors.Is(err, handover.ErrEmpty):
			return
		case err != nil:
			t.Fatal(err)
		}
		socket.Close(f.ClientFD)
		socket.Close(f.UpstreamFD)
	}
}

// Connections are captured as soon as a health check has passed, be the supervisor's word of the proxy read by
// then or not.
func TestProxyIsFoundByWhatItDoes(t *testing.T) {
	for name, does := range map[string]func(*testing.T, *Gate){
		"takes the health check":    take,
		"accepts the health check":  func(_ *testing.T, g *Gate) { g.ProxyBoard.Add(scoreboard.Accepts, 1) },
		"comes round its loop":      func(_ *testing.T, g *Gate) { g.ProxyBoard.Beat(1) },
		"did much before, and does": func(t *testing.T, g *Gate) { g.ProxyBoard.Beat(0); g.proxy.forget(); take(t, g) },
	} {
		t.Run(name, func(t *testing.T) {
			g := idleGate(t, scoreboard.Local())
			if give(t, g, false) {
				t.Error("a flow was given to no proxy")
			}
			if !give(t, g, true) {
				t.Error("a health check was not offered")
			}
			if give(t, g, false) {
				t.Error("a flow was given to a proxy that has done nothing")
			}
			does(t, g)
			if !give(t, g, false) {
				t.Error("a flow was carried, and there is a proxy")
			}
			g.proxy.forget()
			g.offers.keep(0)
			if give(t, g, false) {
				t.Error("a flow was given to a proxy that has ended")
			}
		})
	}
}

// A gate that starts after the proxy, and after its first health check.
func TestProxyWasThereBefore(t *testing.T) {
	board := scoreboard.Local()
	board.Add(scoreboard.Accepts, 1)
	if g := idleGate(t, board); !give(t, g, false) {
		t.Error("a flow was carried, and there is a proxy")
	}
}

// What stands still may show a last sign.
func TestStoppedProxyIsNotFound(t *testing.T) {
	g := idleGate(t, scoreboard.Local())
	g.proxy.alive = true
	g.proxy.stalled()
	g.ProxyBoard.Beat(0)
	if give(t, g, false) {
		t.Error("a flow was given to a proxy that stands still")
	}
}

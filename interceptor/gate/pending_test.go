package gate

import (
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"limpid/proxy/eventloop"
	"limpid/proxy/scoreboard"
)

// A gate that stood still finds that the time of a question is over, and that the
// server has answered long ago: the answer counts. Given up, the server would see
// a reset in answer to its first words.
func TestAnswerThatTheGateIsLateFor(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	g := lateGate(t)
	answered := lateQuestion(t, g, 1, listener.Addr().String())
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if _, err := server.Write([]byte("220 ready\r\n")); err != nil {
		t.Fatal(err)
	}
	silent := lateQuestion(t, g, 2, "192.0.2.1:80") // never connects
	g.queue.expire(g, g.loop.Now())
	if !answered.approved || answered.done {
		t.Error("the answered question was given up")
	}
	if !silent.done || silent.approved {
		t.Error("the question that nobody has answered was not given up")
	}
	if got := g.Board.Get(scoreboard.SynBridgedSlow); got != 1 {
		t.Errorf("%d were counted as bridged for slowness, want 1", got)
	}
	g.abandon(answered)
}

// lateGate is a gate with a queue whose verdicts nobody hears.
func lateGate(t *testing.T) *Gate {
	t.Helper()
	loop, err := eventloop.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { loop.Close() })
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	g := &Gate{
		Settings: Settings{}.DefaultTimeouts(), Sockets: Sockets{Board: scoreboard.Local()}, log: slog.New(slog.DiscardHandler), loop: loop,
		pending: make(map[tuple]*pending), slow: make(slowPairs),
	}
	g.syns = &synQueue{gate: g, fd: fd}
	return g
}

// lateQuestion is one that was asked long ago.
func lateQuestion(t *testing.T, g *Gate, packet uint32, server string) *pending {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	to := netip.MustParseAddrPort(server)
	if to.Addr().IsLoopback() {
		if err := unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}); err != nil {
			t.Fatal(err)
		}
	}
	p := &pending{
		gate: g, packet: packet, fd: fd, started: g.loop.Now().Add(-g.AnswerTimeout - time.Second),
		syn: synPacket{tuple: tuple{netip.MustParseAddrPort("192.0.2.9:9"), to}},
	}
	g.pending[p.syn.tuple] = p
	g.queue.asked = append(g.queue.asked, p)
	return p
}

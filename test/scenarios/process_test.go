package scenarios

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"limpid/proxy/flowtest"
	"limpid/proxy/handover"
	"limpid/proxy/http1"
	"limpid/proxy/relay"
	"limpid/proxy/scoreboard"
	"limpid/test/scenarios/script"
)

// way is one way of playing a scenario in this process.
type way struct {
	cut  script.Cut
	tiny bool // all four sockets have the smallest of buffers and segments
	// late: the flow is handed over when the ends are under way, as one whose
	// upstream may still connect. That is how it is with handshake="accept".
	late bool
}

func (w way) String() string {
	if w.tiny {
		return "tiny"
	}
	return w.cut.String()
}

// lateness is long enough for an end to have sent its first bytes, or a reset.
const lateness = 20 * time.Millisecond

func ways() []way {
	return []way{
		{cut: script.Whole(), late: true}, {cut: script.Bytes(1)}, {cut: script.Pieces(2)}, {cut: script.Pieces(3), tiny: true},
	}
}

// TestInProcess plays every scenario through proxy/relay.
func TestInProcess(t *testing.T) {
	each(t, everyOne, func(t *testing.T, s *script.Scenario) {
		for _, way := range ways() {
			t.Run(way.String(), func(t *testing.T) {
				t.Parallel()
				playInProcess(t, s, way)
			})
		}
	})
}

func playInProcess(t *testing.T, s *script.Scenario, way way) {
	clientInner, client := connection(t, way.tiny, s.Buffers)
	upstreamInner, server := connection(t, way.tiny, s.Buffers)
	p := newProxy(t, settings(s.Proxy))
	flow := &handover.Flow{
		ID: 1, Mirror: !way.late, Started: time.Now(), ClientFD: flowtest.Descriptor(t, clientInner), UpstreamFD: flowtest.Descriptor(t, upstreamInner),
		Client: netip.MustParseAddrPort("192.0.2.1:1234"), Server: netip.MustParseAddrPort("198.51.100.1:80"),
	}
	_, _ = clientInner.Close(), upstreamInner.Close()
	if way.late {
		time.AfterFunc(lateness, func() { p.take(flow) })
	} else {
		p.take(flow)
	}
	err := s.Play(t.Context(), script.Ends{
		Client: client, Server: server, Cut: way.cut, Patience: patience, Verdict: p.verdict,
	})
	<-p.taken
	if err != nil {
		t.Fatal(err)
	}
	p.check(s.Count)
}

// settings are those of the relay, as package proxy makes them.
func settings(s script.Settings) relay.Settings {
	limits := http1.DefaultLimits()
	return relay.Settings{
		ResetNonHTTP: s.NonHTTP == "reset",
		Limits: http1.Limits{
			Head: cmp.Or(s.HeadLimit, limits.Head), Line: cmp.Or(s.LineLimit, limits.Line), Fields: cmp.Or(s.FieldsLimit, limits.Fields),
		},
		HeadTimeout: s.HeadTimeout, BodyTimeout: s.BodyTimeout, IdleTimeout: s.IdleTimeout,
	}
}

// TestOverPlainConnection plays what limpid claims to be a wire for over one.
func TestOverPlainConnection(t *testing.T) {
	each(t, likeAWire, func(t *testing.T, s *script.Scenario) {
		for _, way := range ways() {
			t.Run(way.String(), func(t *testing.T) {
				t.Parallel()
				server, client := connection(t, way.tiny, 0)
				err := s.Play(t.Context(), script.Ends{Client: client, Server: server, Cut: way.cut, Patience: patience})
				if err != nil {
					t.Fatal(err)
				}
			})
		}
	})
}

// TestDifferencesAreReal: what is marked to differ from a wire does so.
func TestDifferencesAreReal(t *testing.T) {
	differs := func(s *script.Scenario) bool { return !likeAWire(s) }
	each(t, differs, func(t *testing.T, s *script.Scenario) {
		server, client := connection(t, false, 0)
		err := s.Play(t.Context(), script.Ends{Client: client, Server: server, Cut: script.Whole(), Patience: time.Second})
		if err == nil {
			t.Errorf("%q: a plain connection does the same", s.Differs)
		}
	})
}

const (
	// tinyBuffer is what SO_SNDBUF and SO_RCVBUF are set to; the kernel makes
	// the best of it (socket(7): at least 4,608 and 2,304 bytes of its own
	// accounting).
	tinyBuffer = 4 << 10
	// tinySegment keeps the window of several segments that TCP needs to flow.
	tinySegment = 512
)

// connection makes a TCP connection over loopback whose buffers are tiny, or
// of so many bytes, or for 0 the system's own.
func connection(t *testing.T, tiny bool, buffers int) (inner, outer *net.TCPConn) {
	t.Helper()
	if tiny {
		buffers = tinyBuffer
	}
	control := func(_, _ string, c syscall.RawConn) (err error) {
		failed := c.Control(func(fd uintptr) {
			if buffers > 0 {
				err = errors.Join(
					unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, buffers),
					unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, buffers),
				)
			}
			if tiny {
				err = errors.Join(err, unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, tinySegment))
			}
		})
		return errors.Join(failed, err)
	}
	config, dialer := net.ListenConfig{Control: control}, net.Dialer{Control: control}
	listener, err := config.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	dialled, err := dialer.DialContext(t.Context(), "tcp4", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dialled.Close() })
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = accepted.Close() })
	return accepted.(*net.TCPConn), dialled.(*net.TCPConn)
}

// proxy is a worker of proxy/relay with one flow.
type proxy struct {
	t      *testing.T
	loop   interface{ Post(func()) }
	board  *scoreboard.Board
	worker *relay.Worker
	taken  chan struct{} // closed when the worker has the flow
}

func newProxy(t *testing.T, settings relay.Settings) *proxy {
	t.Helper()
	p := &proxy{t: t, board: scoreboard.Local(), taken: make(chan struct{})}
	loop := flowtest.Loop(t, func() { p.worker.Close() })
	p.loop = loop
	p.worker = flowtest.On(t, loop, func() *relay.Worker {
		w, err := relay.NewWorker(loop, settings, new(atomic.Int64), p.board, nil, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Error(err)
		}
		return w
	})
	return p
}

// take gives the worker its flow.
func (p *proxy) take(f *handover.Flow) {
	p.loop.Post(func() { p.worker.Take(f); close(p.taken) })
	<-p.taken
}

// verdict asks for the flow's verdict, on any goroutine.
func (p *proxy) verdict(ctx context.Context) (verdict, reason string, err error) {
	<-p.taken
	list := make(chan []relay.Info, 1)
	p.loop.Post(func() { list <- p.worker.Flows() })
	select {
	case all := <-list:
		if len(all) != 1 {
			return "", "", errors.New("the flow has ended")
		}
		return all[0].Verdict, all[0].Reason, nil
	case <-ctx.Done():
		return "", "", context.Cause(ctx)
	}
}

// check compares what was counted when the flow has ended.
func (p *proxy) check(want script.Count) {
	p.t.Helper()
	cell := func(c scoreboard.Cell) uint64 {
		value := make(chan uint64)
		p.loop.Post(func() { p.worker.Flush(); value <- p.board.Get(c) })
		return <-value
	}
	flowtest.Eventually(p.t, "the flow has ended", func() bool { return cell(scoreboard.Ended) == 1 })
	got := script.Count{
		Requests: cell(scoreboard.Requests), Responses: cell(scoreboard.Responses), Resets: cell(scoreboard.Resets),
	}
	for i := range scoreboard.TunnelReasons {
		if cell(scoreboard.TunnelBy+scoreboard.Cell(i)) > 0 {
			got.Tunnel += relay.Reason(i).String()
		}
	}
	for i, name := range []string{"head", "body", "idle"} { // in the order of the cells
		if cell(scoreboard.HeadTimeout+scoreboard.Cell(i)) > 0 {
			got.Deadline += name
		}
	}
	if got != want {
		p.t.Errorf("counted %+v, want %+v", got, want)
	}
}

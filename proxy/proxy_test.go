package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"limpid/proxy/flowtest"
	"limpid/proxy/handover"
	"limpid/proxy/http1"
	"limpid/proxy/leg"
	"limpid/proxy/relay"
	"limpid/proxy/scoreboard"
)

func TestMain(m *testing.M) { flowtest.Main(m) }

const (
	get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	ok3 = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
)

// rig is a running proxy and the gate's end of its queue.
type rig struct {
	t      testing.TB
	proxy  *Proxy
	board  *scoreboard.Board
	sender *handover.Sender
	queue  *handover.Receiver
	stop   context.CancelFunc
	result chan error
	log    *syncBuffer
	nextID uint64
}

// syncBuffer is a log that can be read while it is written.
type syncBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func newRig(t testing.TB, settings Settings) *rig {
	t.Helper()
	send, receive, err := handover.Pair()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{
		t: t, board: scoreboard.Local(), sender: handover.NewSender(send), queue: handover.NewReceiver(receive),
		result: make(chan error, 1), log: &syncBuffer{},
	}
	r.proxy, err = New(settings, Sockets{Receiver: r.queue, Board: r.board}, slog.New(slog.NewTextHandler(r.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.sender.Close(), r.queue.Close() })
	return r
}

func (r *rig) start() *rig {
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	go func() { r.result <- r.proxy.Run(ctx) }()
	r.t.Cleanup(stop)
	return r
}

// end ends the run and wants it to end well.
func (r *rig) end() {
	r.t.Helper()
	r.stop()
	if err := flowtest.Await(r.t, r.result); err != nil {
		r.t.Errorf("run: %v", err)
	}
}

type ends struct {
	id             uint64
	client, server *flowtest.End
}

// flow hands a new flow over.
func (r *rig) flow() ends {
	r.t.Helper()
	r.nextID++
	e := ends{id: r.nextID}
	var c, u int
	c, e.client = flowtest.TCP(r.t, "client")
	u, e.server = flowtest.TCP(r.t, "server")
	err := r.sender.Send(&handover.Flow{
		ID: e.id, Client: netip.MustParseAddrPort("192.0.2.1:1234"), Server: netip.MustParseAddrPort("198.51.100.1:80"),
		Mirror: true, Started: time.Now(), ClientFD: c, UpstreamFD: u,
	})
	_, _ = unix.Close(c), unix.Close(u)
	if err != nil {
		r.t.Fatal(err)
	}
	return e
}

func (e ends) exchange() {
	e.client.Send(get)
	e.server.Expect(get)
	e.server.Send(ok3)
	e.client.Expect(ok3)
}

func TestFlowsAreTakenByAllLoops(t *testing.T) {
	r := newRig(t, Settings{Loops: 3}).start()
	var all []ends
	for range 60 {
		e := r.flow()
		e.exchange()
		all = append(all, e)
	}
	infos := r.proxy.Flows()
	if len(infos) != len(all) {
		t.Fatalf("%d flows listed, want %d", len(infos), len(all))
	}
	for i, info := range infos {
		if info.ID != all[i].id || info.Requests != 1 || info.Verdict != "http" {
			t.Errorf("flow %d: %+v", i, info)
		}
	}
	for loop := range 3 {
		flowtest.Eventually(t, "each loop beats", func() bool { return r.board.Beats(loop) >= 2 })
	}
	flowtest.Eventually(t, "requests are counted", func() bool { return r.board.Get(scoreboard.Requests) == 60 })
	for _, e := range all[:20] {
		e.client.Finish()
		e.server.ExpectEOF()
		e.server.Finish()
		e.client.ExpectEOF()
	}
	flowtest.Eventually(t, "ended flows are counted", func() bool { return r.board.Get(scoreboard.Ended) == 20 })
	if n := len(r.proxy.Flows()); n != 40 {
		t.Errorf("%d flows listed, want 40", n)
	}
	r.end()
	for _, e := range all[20:] {
		e.client.ExpectEOF()
		e.server.ExpectEOF()
	}
	if taken, ended := r.board.Get(scoreboard.Taken), r.board.Get(scoreboard.Ended); taken != 60 || ended != 60 {
		t.Errorf("taken %d, ended %d, want 60 and 60", taken, ended)
	}
	if n := len(r.proxy.Flows()); n != 0 {
		t.Errorf("%d flows listed after the end", n)
	}
}

func TestOneFlowCanBeReset(t *testing.T) {
	r := newRig(t, Settings{Loops: 2}).start()
	a, b := r.flow(), r.flow()
	a.exchange()
	b.exchange()
	if r.proxy.Reset(99) {
		t.Error("a flow that does not exist was reset")
	}
	if !r.proxy.Reset(a.id) {
		t.Error("flow was not found")
	}
	a.client.ExpectReset()
	a.server.ExpectReset()
	b.exchange()
	r.end()
}

func TestEndWaitsForWhatIsUnderWay(t *testing.T) {
	r := newRig(t, Settings{Loops: 1}).start()
	idle, busy := r.flow(), r.flow()
	idle.exchange()
	busy.client.Send(get)
	busy.server.Expect(get)
	r.stop()
	idle.client.ExpectEOF()
	idle.server.ExpectEOF()
	late := r.flow() // nobody takes it: it stays in the queue for the gate
	busy.server.Send(ok3)
	busy.client.Expect(ok3)
	busy.client.ExpectEOF()
	if err := flowtest.Await(t, r.result); err != nil {
		t.Error(err)
	}
	var back handover.Flow
	if err := r.queue.Receive(&back); err != nil || back.ID != late.id {
		t.Fatalf("take back: flow %d, %v; want flow %d", back.ID, err, late.id)
	}
	_, _ = unix.Close(back.ClientFD), unix.Close(back.UpstreamFD)
}

func TestEndResetsWhatDoesNotEnd(t *testing.T) {
	r := newRig(t, Settings{Loops: 2, Grace: 50 * time.Millisecond}).start()
	busy := r.flow()
	busy.client.Send(get)
	busy.server.Expect(get)
	r.end()
	busy.client.ExpectReset()
	busy.server.ExpectReset()
}

func TestNonHTTPReset(t *testing.T) {
	r := newRig(t, Settings{Loops: 1, NonHTTP: "reset"}).start()
	e := r.flow()
	e.client.Send("\x16\x03\x01")
	e.client.ExpectReset()
	e.server.ExpectReset()
	r.end()
}

func TestFlowsBeyondTheLimitStayInTheQueue(t *testing.T) {
	r := newRig(t, Settings{Loops: 2})
	r.proxy.most = 4
	r.start()
	var all []ends
	for range 4 {
		e := r.flow()
		e.exchange()
		all = append(all, e)
	}
	more := r.flow()
	more.client.Send(get)
	more.server.ExpectNothing()
	if n, err := r.queue.Waiting(); n != 1 || err != nil {
		t.Errorf("%d flows wait, %v; want 1", n, err)
	}
	flowtest.Eventually(t, "the log says why", func() bool { return strings.Contains(r.log.String(), "raise LimitNOFILE") })
	all[0].client.Reset()
	all[0].server.ExpectReset()
	more.server.Expect(get)
	more.server.Send(ok3)
	r.end()
	more.client.Expect(ok3)
}

// Without descriptors a flow's sockets are lost on the way (the kernel closes
// them); the loops must go on and must not spin.
func TestDescriptorShortage(t *testing.T) {
	r := newRig(t, Settings{Loops: 1}).start()
	ok := r.flow()
	ok.exchange()
	c, client := flowtest.TCP(t, "client")
	u, server := flowtest.TCP(t, "server")
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	err := r.sender.Send(&handover.Flow{
		ID: 99, Client: netip.MustParseAddrPort("192.0.2.1:1"), Server: netip.MustParseAddrPort("198.51.100.1:80"), ClientFD: c, UpstreamFD: u,
	})
	_, _ = unix.Close(c), unix.Close(u)
	flowtest.Eventually(t, "the loss is logged", func() bool { return strings.Contains(r.log.String(), "flow lost") })
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	client.ExpectEOF()
	server.ExpectEOF()
	ok.exchange()
	r.flow().exchange()
	r.end()
}

func TestGateGoneLeavesFlowsAlone(t *testing.T) {
	r := newRig(t, Settings{Loops: 2}).start()
	e := r.flow()
	e.exchange()
	_ = r.sender.Close()
	flowtest.Eventually(t, "the loops notice", func() bool { return strings.Count(r.log.String(), "no flow will come") == 2 })
	e.exchange()
	r.end()
}

func TestSettingsReachTheRelay(t *testing.T) {
	for _, c := range []struct {
		settings Settings
		want     relay.Settings
	}{
		{Settings{}, relay.Settings{Limits: http1.DefaultLimits()}},
		{
			Settings{NonHTTP: "reset", HeadLimit: leg.HoldLimit, LineLimit: 2, FieldsLimit: 3, HeadTimeout: 4, BodyTimeout: 5, IdleTimeout: 6},
			relay.Settings{
				ResetNonHTTP: true, Limits: http1.Limits{Head: leg.HoldLimit, Line: 2, Fields: 3}, HeadTimeout: 4, BodyTimeout: 5, IdleTimeout: 6,
			},
		},
	} {
		s, err := c.settings.check()
		if got := s.relay(); err != nil || got != c.want {
			t.Errorf("%+v becomes %+v (%v), want %+v", c.settings, got, err, c.want)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	for _, s := range []Settings{{NonHTTP: "drop"}, {Loops: -1}, {Loops: scoreboard.MaxLoops + 1}, {Via: true}, {Grace: -1},
		{HeadTimeout: -1}, {BodyTimeout: -1}, {IdleTimeout: -1}, {HeadLimit: -1}, {LineLimit: -1}, {FieldsLimit: -1}, {HeadLimit: leg.HoldLimit + 1},
	} {
		if _, err := New(s, Sockets{}, log); err == nil {
			t.Errorf("%+v was taken", s)
		}
	}
	p, err := New(Settings{}, Sockets{}, log)
	if err != nil {
		t.Fatal(err)
	}
	if p.settings.Loops < 1 || p.settings.Grace != defaultGrace {
		t.Errorf("defaults: %+v", p.settings)
	}
}

func TestRunFailsWithoutAQueue(t *testing.T) {
	p, err := New(Settings{Loops: 2}, Sockets{Receiver: handover.NewReceiver(-1), Board: scoreboard.Local()},
		slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(t.Context()); !errors.Is(err, unix.EBADF) {
		t.Errorf("run: %v, want EBADF", err)
	}
}

// Many flows at once, each with exchanges of its own content.
func TestManyFlowsDoNotMix(t *testing.T) {
	r := newRig(t, Settings{Loops: 2}).start()
	var wg sync.WaitGroup
	for i := range 50 {
		e := r.flow()
		wg.Go(func() {
			for k := range 20 {
				request := fmt.Sprintf("GET /%d/%d HTTP/1.1\r\nHost: h%d\r\n\r\n", i, k, i)
				response := fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n%02d.%02d\r\n0\r\n\r\n", i, k)
				e.client.Send(request)
				e.server.Expect(request)
				e.server.Send(response)
				e.client.Expect(response)
			}
		})
	}
	wg.Wait()
	flowtest.Eventually(t, "all are counted", func() bool {
		return r.board.Get(scoreboard.Requests) == 1000 && r.board.Get(scoreboard.Responses) == 1000
	})
	if n := r.board.Get(scoreboard.Tunnels); n != 0 {
		t.Errorf("%d tunnels", n)
	}
	r.end()
}

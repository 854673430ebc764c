package relay

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"limpid/proxy/accesslog"
	"limpid/proxy/eventloop"
	"limpid/proxy/flowtest"
	"limpid/proxy/handover"
	"limpid/proxy/scoreboard"
)

func TestMain(m *testing.M) { flowtest.Main(m) }

// rig is one flow between a scripted client and a scripted server.
type rig struct {
	t              testing.TB
	loop           *eventloop.Loop
	board          *scoreboard.Board
	worker         *Worker
	log            *accesslog.Log
	client, server *flowtest.End
}

// newWorker runs a worker without flows.
func newWorker(t testing.TB, settings Settings) *rig {
	t.Helper()
	r := &rig{t: t, board: scoreboard.Local()}
	var err error
	if r.log, err = accesslog.New(accesslog.Settings{}, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	logged := make(chan struct{})
	go func() { r.log.Run(ctx); close(logged) }()
	t.Cleanup(func() { stop(); <-logged })
	r.loop = flowtest.Loop(t, func() { r.worker.Close() })
	r.worker = flowtest.On(t, r.loop, func() *Worker {
		w, err := NewWorker(r.loop, settings, new(atomic.Int64), r.board, r.log.Recorder(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Error(err)
		}
		return w
	})
	return r
}

// newRig runs a worker with one flow.
func newRig(t testing.TB, settings Settings) *rig {
	t.Helper()
	r := newWorker(t, settings)
	c, u := r.connect()
	r.take(&handover.Flow{ClientFD: c, UpstreamFD: u, Mirror: true})
	return r
}

// connect connects client and server to two sockets, for a flow to be made of.
func (r *rig) connect() (clientFD, upstreamFD int) {
	r.t.Helper()
	clientFD, r.client = flowtest.TCP(r.t, "client")
	upstreamFD, r.server = flowtest.TCP(r.t, "server")
	return clientFD, upstreamFD
}

func (r *rig) take(h *handover.Flow) {
	r.t.Helper()
	h.ID, h.Started = 7, time.Now()
	h.Client, h.Server = netip.MustParseAddrPort("192.0.2.1:1234"), netip.MustParseAddrPort("198.51.100.1:80")
	flowtest.On(r.t, r.loop, func() bool { r.worker.Take(h); return true })
}

// flow describes the one flow, as it is now.
func (r *rig) flow() Info {
	r.t.Helper()
	all := flowtest.On(r.t, r.loop, r.worker.Flows)
	if len(all) != 1 {
		r.t.Fatalf("%d flows, want 1", len(all))
	}
	return all[0]
}

// cell reads a counter after a flush.
func (r *rig) cell(c scoreboard.Cell) uint64 {
	r.t.Helper()
	return flowtest.On(r.t, r.loop, func() uint64 { r.worker.Flush(); return r.board.Get(c) })
}

// held is how many bytes wait in the flow.
func (r *rig) held() int {
	r.t.Helper()
	return flowtest.On(r.t, r.loop, func() int {
		n := 0
		for _, f := range r.worker.flows {
			n += f.pair.Held()
		}
		return n
	})
}

// play runs a script, one step a string:
//
//	C> text    the client sends text      S> text    the server does
//	C< text    the client gets text       S< text    the server does
//	C>fin C>rst  it ends or resets        S>fin S>rst
//	C<eof C<rst  it sees the end, a reset S<eof S<rst
//	C<none     nothing has come           S<none
//	>< text    the client sends text and the server gets it
//	<> text    the server sends text and the client gets it
//	is V R     the flow's verdict is V and its reason R ("-" for none)
func (r *rig) play(script ...string) {
	r.t.Helper()
	for _, step := range script {
		what, text, _ := strings.Cut(step, " ")
		end := r.client
		if what[0] == 'S' {
			end = r.server
		}
		switch what {
		case "C>", "S>":
			end.Send(text)
		case "C<", "S<":
			end.Expect(text)
		case "><":
			r.client.Send(text)
			r.server.Expect(text)
		case "<>":
			r.server.Send(text)
			r.client.Expect(text)
		case "C>fin", "S>fin":
			end.Finish()
		case "C>rst", "S>rst":
			end.Reset()
		case "C<eof", "S<eof":
			end.ExpectEOF()
		case "C<rst", "S<rst":
			end.ExpectReset()
		case "C<none", "S<none":
			end.ExpectNothing()
		case "is":
			verdict, reason, _ := strings.Cut(text, " ")
			got := r.flow()
			if got.Reason == "" {
				got.Reason = "-"
			}
			if got.Verdict != verdict || got.Reason != reason {
				r.t.Fatalf("step %q: verdict %s, reason %s", step, got.Verdict, got.Reason)
			}
		default:
			r.t.Fatalf("step %q: unknown", step)
		}
	}
}

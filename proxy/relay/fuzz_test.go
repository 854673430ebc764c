package relay

import (
	"bytes"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"limpid/proxy/accesslog"
	"limpid/proxy/eventloop"
	"limpid/proxy/handover"
	"limpid/proxy/http1"
	"limpid/proxy/scoreboard"
)

// FuzzStreams sends a client's and a server's bytes through a whole relay, in
// any pieces and any order. As a tunnel all of them arrive. With non_http =
// "reset" what arrives is the beginning of what was sent, and holds nothing
// that is refused.
func FuzzStreams(f *testing.F) {
	for i, c := range [][2]string{
		{get + post5 + "\r\n" + get, ok3 + "HTTP/1.1 100 x\r\n\r\n" + ok0 + chunked + "3;a\r\nabc\r\n0\r\nT: u\r\n\r\n"},
		{head + get, ok3[:len(ok3)-3] + "HTTP/1.0 200\r\n\r\nuntil the end"},
		{ws + "\x81\x05hello", switch1 + "\x81\x00"},
		{ws + get, ok3 + ok0},
		{connect + "\x16\x03", "HTTP/1.1 200 OK\r\n\r\n\x16"},
		{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n" + get, ok0 + ok3 + ok3},
		{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n" + get, ok0},
		{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n" + get, ok0},
		{get + "GET / HTTP/1.1\nHost: a\n\n", ok0 + "HTTP/1.1 200 OK\nContent-Length: 0\n\n"},
		{get + get + "GET / HT", ok0 + "HTTP/1.1 408 x\r\nConnection: close\r\n\r\n"},
		{"\x16\x03\x01", "SSH-2.0-x\r\n"},
		{get, switch1 + "x"},
		{getClose + get, ok3 + ok3},
		{get + get, "HTTP/1.0 200 x\r\nContent-Length: 3\r\n\r\nabc" + ok3},
		{"GET / HTTP/1.0\r\n\r\n", chunked + "0\r\n\r\n"},
		{get, "HTTP/1.1 404 x\r\nContent-Length: 3\r\n\r\nabc"},
		{get, "HTTP/1.1 408 x\r\nConnection: close\r\n\r\nabc"},
		{string(bytes.Repeat([]byte(get), 40)), string(bytes.Repeat([]byte(ok0), 40))},
	} {
		for _, reset := range []bool{false, true} {
			f.Add([]byte(c[0]), []byte(c[1]), uint64(i), reset)
			f.Add([]byte(c[0]), []byte(c[1]), uint64(i+100), reset)
		}
	}
	s := newStreams(f)
	f.Fuzz(func(t *testing.T, up, down []byte, order uint64, reset bool) {
		const most = 32 << 10 // well below what a socket takes at once
		up, down = up[:min(len(up), most)], down[:min(len(down), most)]
		s.access.Heads().Forget()
		if err := s.access.Heads().Begin(accesslog.HeadOrder{For: time.Minute, Count: accesslog.MaxHeads}); err != nil {
			t.Fatal(err)
		}
		got := s.run(t, up, down, order, reset)
		s.onlyHeads(t, up, down)
		flow := got.flow
		if flow.place >= 0 {
			t.Fatal("the flow is still there")
		}
		if !flow.cut {
			if !bytes.Equal(got.up, up) || !bytes.Equal(got.down, down) {
				t.Fatalf("sent %q and %q, arrived %q and %q", up, down, got.up, got.down)
			}
			if got.upReset || got.downReset {
				t.Fatalf("reset: %v, %v; the flow was not cut", got.upReset, got.downReset)
			}
		}
		if !reset {
			if flow.cut {
				t.Fatalf("cut for %v", flow.reason)
			}
			return
		}
		if flow.reason != 0 && !flow.reason.plain() != flow.cut {
			t.Fatalf("reason %v, cut is %v", flow.reason, flow.cut)
		}
		// An end that saw a FIN before has all there was to have.
		if flow.cut && (!got.upReset && len(got.up) < len(up) || !got.downReset && len(got.down) < len(down)) {
			t.Fatalf("cut for %v, but the server sees a reset: %v, the client: %v", flow.reason, got.upReset, got.downReset)
		}
		if !bytes.HasPrefix(up, got.up) || !bytes.HasPrefix(down, got.down) {
			t.Fatalf("sent %q and %q, arrived %q and %q", up, down, got.up, got.down)
		}
		methods := onlyRequests(t, got.up, flow.reason.plain())
		got.onlyResponses(t, methods)
	})
}

// onlyHeads wants what was recorded of heads to be part of what was sent.
func (s *streams) onlyHeads(t *testing.T, up, down []byte) {
	t.Helper()
	for page := s.access.Heads().Query(0); len(page.Heads) > 0; page = s.access.Heads().Query(page.Cursor) {
		for _, pair := range page.Heads {
			for text, sent := range map[string][]byte{pair.Request.Text: up, pair.Response.Text: down} {
				var head []byte
				for _, c := range text {
					head = append(head, byte(c))
				}
				if !bytes.Contains(sent, head) && !strings.Contains(text, " bytes, not shown)") {
					t.Fatalf("a head of %q is recorded as %q", sent, head)
				}
			}
		}
	}
}

// onlyRequests wants b to be requests, of which the last may lack an end of
// its body, and returns what is to be known of them. behind says that what
// follows a request that asks for it need be no HTTP.
func onlyRequests(t *testing.T, b []byte, behind bool) (queue []exchange) {
	t.Helper()
	limits := http1.DefaultLimits()
	for at := 0; at < len(b); {
		if bytes.HasPrefix(b[at:], []byte("\r\n")) {
			at += 2
			continue
		}
		var p http1.Parser
		request, reason := p.Request(b[at:], &limits)
		if reason != http1.OK {
			t.Fatalf("at %d %v reached the server: %q", at, reason, b)
		}
		at += request.Length
		queue = append(queue, newExchange(&request))
		var body track
		body.body(request.Framing())
		at += onlyBody(t, &body, b[at:])
		if queue[len(queue)-1]&decides != 0 && behind {
			return queue
		}
		if !request.Persistent() && strings.Trim(string(b[min(at, len(b)):]), "\r\n") != "" {
			t.Fatalf("at %d more reached the server than its last request: %q", at, b)
		}
	}
	return queue
}

// onlyResponses wants what came down to be responses to the requests, none of
// which began before its request had passed, until one of them leaves HTTP.
func (a *arrived) onlyResponses(t *testing.T, queue []exchange) {
	t.Helper()
	limits, b, asked := http1.DefaultLimits(), a.down, 0
	for at := 0; at < len(b); {
		var p http1.Parser
		response, reason := p.Response(b[at:], &limits)
		if reason != http1.OK {
			t.Fatalf("at %d %v reached the client: %q", at, reason, b)
		}
		early := a.requestsBy(at) <= asked
		at += response.Length
		switch {
		case (len(queue) == 0 || early) && response.Status == 408:
			return
		case early:
			t.Fatalf("a response that began before its request reached the client, to %d: %q", at, b)
		case response.Interim() && len(queue) > 0:
			continue
		case len(queue) == 0:
			t.Fatalf("at %d a response without a request reached the client: %q", at, b)
		}
		framing := response.Framing(queue[0].method())
		if framing.Kind == http1.ToTunnel {
			if response.Status == 101 && queue[0]&upgrade == 0 {
				t.Fatalf("at %d a 101 without an Upgrade reached the client: %q", at, b)
			}
			return
		}
		if framing.Kind == http1.Coded && queue[0]&old != 0 {
			t.Fatalf("at %d a coding reached a client of HTTP/1.0: %q", at, b)
		}
		queue, asked = queue[1:], asked+1
		var body track
		body.body(framing)
		at += onlyBody(t, &body, b[at:])
		if !response.Persistent() && at < len(b) {
			t.Fatalf("at %d more reached the client than the last response: %q", at, b)
		}
	}
}

func onlyBody(t *testing.T, body *track, b []byte) (n int) {
	t.Helper()
	for n < len(b) && body.phase != inHead {
		used, reason := body.advance(b[n:])
		if reason.Refused() {
			t.Fatalf("%v in a body passed: %q", reason, b)
		}
		n += used
	}
	return n
}

// streams runs flows by hand, one after the other, on one loop.
type streams struct {
	loop     *eventloop.Loop
	workers  map[bool]*Worker // by ResetNonHTTP
	access   *accesslog.Log
	listener int
	address  unix.Sockaddr
	buffer   []byte
}

func newStreams(f *testing.F) *streams {
	f.Helper()
	loop, err := eventloop.New()
	if err != nil {
		f.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	access, err := accesslog.New(accesslog.Settings{}, log)
	if err != nil {
		f.Fatal(err)
	}
	s := &streams{loop: loop, workers: map[bool]*Worker{}, access: access, buffer: make([]byte, 64<<10)}
	for _, reset := range []bool{false, true} {
		w, err := NewWorker(loop, Settings{ResetNonHTTP: reset}, new(atomic.Int64), scoreboard.Local(), access.Recorder(), log)
		if err != nil {
			f.Fatal(err)
		}
		s.workers[reset] = w
	}
	if s.listener, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err != nil {
		f.Fatal(err)
	}
	if err := errors.Join(unix.Bind(s.listener, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(s.listener, 16)); err != nil {
		f.Fatal(err)
	}
	if s.address, err = unix.Getsockname(s.listener); err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		for _, w := range s.workers {
			w.Close()
		}
		_, _ = loop.Close(), unix.Close(s.listener)
	})
	return s
}

// pair makes a connection: the end of the code under test and the outer one.
func (s *streams) pair(t *testing.T) (inner, outer int) {
	t.Helper()
	outer, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Connect(outer, s.address)
	}
	if err != nil {
		t.Fatal(err)
	}
	inner, _, err = unix.Accept4(s.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	return inner, outer
}

// arrived is what came out of a flow.
type arrived struct {
	flow               *Flow
	up, down           []byte
	upReset, downReset bool // how it ended there
	turns              []turnOf
}

// turnOf is how much the relay had read from the server after a turn, and how
// many requests had passed.
type turnOf struct{ down, requests int }

// requestsBy is how many requests had passed when the server's byte was read.
func (a *arrived) requestsBy(at int) int {
	for _, turn := range a.turns {
		if turn.down > at {
			return turn.requests
		}
	}
	return int(a.flow.requests)
}

func (a *arrived) turned() {
	_, down := a.flow.pair.Received()
	a.turns = append(a.turns, turnOf{int(down), int(a.flow.requests)})
}

// outer is one outer end of a flow.
type outer struct {
	fd           int
	left         []byte // to be sent
	got          *[]byte
	reset        *bool
	closed, done bool // FIN was sent, the other's end was seen
}

func (s *streams) run(t *testing.T, up, down []byte, order uint64, reset bool) arrived {
	t.Helper()
	var a arrived
	c, client := s.pair(t)
	u, server := s.pair(t)
	w := s.workers[reset]
	w.Take(&handover.Flow{ID: 1, Mirror: true, ClientFD: c, UpstreamFD: u})
	a.flow = w.flows[len(w.flows)-1]
	ends := [2]outer{
		{fd: client, left: up, got: &a.down, reset: &a.downReset},
		{fd: server, left: down, got: &a.up, reset: &a.upReset},
	}
	defer func() {
		// Without TIME_WAIT, so that ports do not run out.
		for _, e := range ends {
			_ = unix.SetsockoptLinger(e.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
			_ = unix.Close(e.fd)
		}
		w.Cut()
	}()
	random := rand.New(rand.NewPCG(order, 1))
	deadline := time.Now().Add(5 * time.Second)
	for !ends[0].done || !ends[1].done {
		e := &ends[random.IntN(2)]
		// A server mostly speaks when it was asked.
		if e == &ends[1] && order%4 != 0 && len(a.up) == 0 && !ends[0].closed {
			e = &ends[0]
		}
		e.send(random)
		moved := s.turn(t)
		a.turned()
		for i := range ends {
			moved = s.receive(t, &ends[i]) || moved
		}
		if moved || !ends[0].closed || !ends[1].closed {
			continue
		}
		if time.Sleep(50 * time.Microsecond); time.Now().After(deadline) {
			t.Fatalf("the flow stands still: %q of %q went up, %q of %q down; reason %v", a.up, up, a.down, down, a.flow.reason)
		}
	}
	return a
}

// send sends one more piece, or FIN behind the last.
func (e *outer) send(random *rand.Rand) {
	switch {
	case e.closed:
	case len(e.left) == 0:
		e.closed = true
		_ = unix.Shutdown(e.fd, unix.SHUT_WR)
	default:
		n := min(len(e.left), 1+random.IntN(1<<random.IntN(11)))
		if err := unix.Send(e.fd, e.left[:n], unix.MSG_NOSIGNAL); err != nil {
			n, e.closed, *e.reset = len(e.left), true, true // reading will not say so any more
		}
		e.left = e.left[n:]
	}
}

func (s *streams) turn(t *testing.T) bool {
	t.Helper()
	n, err := s.loop.Turn()
	if err != nil {
		t.Fatal(err)
	}
	return n > 0
}

func (s *streams) receive(t *testing.T, e *outer) bool {
	t.Helper()
	if e.done {
		return false
	}
	n, _, err := unix.Recvfrom(e.fd, s.buffer, unix.MSG_DONTWAIT)
	switch {
	case errors.Is(err, unix.EAGAIN):
		return false
	case errors.Is(err, unix.ECONNRESET), errors.Is(err, unix.EPIPE):
		e.done, e.closed, *e.reset = true, true, true
	case err != nil:
		t.Fatal(err)
	case n == 0:
		e.done = true
	}
	*e.got = append(*e.got, s.buffer[:max(n, 0)]...)
	return true
}

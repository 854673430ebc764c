package relay

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unsafe"

	"limpid/proxy/eventloop"
	"limpid/proxy/flowtest"
	"limpid/proxy/handover"
	"limpid/proxy/http1"
	"limpid/proxy/leg"
	"limpid/proxy/scoreboard"
)

func TestUpstreamStillConnecting(t *testing.T) {
	open := func(t *testing.T, port int) *rig {
		r := newWorker(t, Settings{})
		var c int
		c, r.client = flowtest.TCP(t, "client")
		r.take(&handover.Flow{ClientFD: c, UpstreamFD: flowtest.Connecting(t, port)})
		return r
	}
	t.Run("requests are worked on meanwhile", func(t *testing.T) {
		far := flowtest.FullListener(t)
		r := open(t, far.Addr.Port)
		r.client.Send(get + get)
		flowtest.Eventually(t, "two requests are counted", func() bool { return r.cell(scoreboard.Requests) == 2 })
		r.server = far.Accept("server")
		r.play("S< "+get+get, "<> "+ok3+ok0, "is http -")
	})
	t.Run("not HTTP", func(t *testing.T) {
		far := flowtest.FullListener(t)
		r := open(t, far.Addr.Port)
		r.client.Send("\x16\x03")
		flowtest.Eventually(t, "it is a tunnel", func() bool { return r.flow().Verdict == "tunnel" })
		r.server = far.Accept("server")
		r.play("S< \x16\x03", "<> \x15")
	})
	t.Run("what is held is bounded", func(t *testing.T) {
		far := flowtest.FullListener(t)
		r := open(t, far.Addr.Port)
		body := strings.Repeat("x", 1<<20)
		request := fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		go r.client.Send(request)
		flowtest.Eventually(t, "HoldLimit bytes are held", func() bool { return r.held() == leg.HoldLimit })
		r.server = far.Accept("server")
		r.play("S< "+request, "<> "+ok3)
	})
	t.Run("client has ended", func(t *testing.T) {
		far := flowtest.FullListener(t)
		r := open(t, far.Addr.Port)
		r.play("C> "+get, "C>fin")
		r.server = far.Accept("server")
		r.play("S< "+get, "S<eof", "<> "+ok3)
	})
	t.Run("refused", func(t *testing.T) {
		r := open(t, flowtest.ClosedPort(t))
		r.play("C<rst")
		if n := r.cell(scoreboard.UpstreamLost); n != 1 {
			t.Errorf("upstream lost: %d, want 1", n)
		}
		if n := r.cell(scoreboard.Ended); n != 1 {
			t.Errorf("ended: %d, want 1", n)
		}
	})
}

func TestSlowHeadBecomesATunnel(t *testing.T) {
	r := newRig(t, Settings{HeadWait: 50 * time.Millisecond})
	r.play(">< KNOCK", "<> who is there", "is tunnel slow-head")
	r = newRig(t, Settings{HeadWait: 50 * time.Millisecond})
	r.play(">< "+get, "<> HTTP/1.1 200 OK\r\nX: ", "is tunnel slow-head", "<> y")
}

// A reset loses what a tunnel does not: head_timeout alone says how long a head
// may take.
func TestSlowHeadIsNotReset(t *testing.T) {
	r := newRig(t, Settings{HeadWait: short, ResetNonHTTP: true})
	r.play("C> GET / HTT")
	time.Sleep(6 * short)
	r.play("C> "+get[len("GET / HTT"):], "S< "+get, "S> HTTP/1.1 200 OK\r\n")
	time.Sleep(6 * short)
	r.play("S> "+ok3[len("HTTP/1.1 200 OK\r\n"):], "C< "+ok3, "is http -")
	for _, settings := range []Settings{{ResetNonHTTP: true}, {ResetNonHTTP: true, HeadTimeout: long}} {
		if s := settings.withDefaults(); s.HeadWait != 0 {
			t.Errorf("%+v: silence of %v ends a head", settings, s.HeadWait)
		}
	}
}

// A client's end behind more than is held cannot be known of: it may be there.
func TestEndBehindMoreThanIsHeld(t *testing.T) {
	const many = 2*leg.HoldLimit/len(get) + pipelineLimit
	r := newRig(t, Settings{HeadWait: 50 * time.Millisecond})
	r.play("C> "+strings.Repeat(get, many), "C>fin", "S< "+strings.Repeat(get, many), "S<eof", "is tunnel unanswered", "<> "+ok0, "S>fin", "C<eof")
}

func TestHealthFlowsAreNotCounted(t *testing.T) {
	r := newWorker(t, Settings{})
	c, u := r.connect()
	r.take(&handover.Flow{ClientFD: c, UpstreamFD: u, Mirror: true, Health: true})
	r.play(">< "+get, "<> "+ok3, "is health -", "C>fin", "S<eof", "S>fin", "C<eof")
	flowtest.Eventually(t, "the flow has ended", func() bool { return r.cell(scoreboard.HealthEnded) == 1 })
	for cell, want := range map[scoreboard.Cell]uint64{
		scoreboard.Taken: 1, scoreboard.Ended: 1, scoreboard.HealthTaken: 1, scoreboard.Requests: 0,
		scoreboard.Responses: 0, scoreboard.BytesUp: 0, scoreboard.BytesDown: 0,
	} {
		if got := r.cell(cell); got != want {
			t.Errorf("cell %d: %d, want %d", cell, got, want)
		}
	}
}

func TestCountsAndInfo(t *testing.T) {
	r := newRig(t, Settings{})
	r.play(">< "+get, "<> "+ok3)
	flowtest.Eventually(t, "the response is counted", func() bool { return r.cell(scoreboard.BytesDown) == uint64(len(ok3)) })
	got := r.flow()
	if got.ID != 7 || got.Client.String() != "192.0.2.1:1234" || got.Server.String() != "198.51.100.1:80" ||
		got.Up != uint64(len(get)) || got.Down != uint64(len(ok3)) || got.Requests != 1 || time.Since(got.Started) > time.Minute {
		t.Errorf("info: %+v", got)
	}
	for cell, want := range map[scoreboard.Cell]uint64{
		scoreboard.Taken: 1, scoreboard.Ended: 0, scoreboard.Requests: 1, scoreboard.Responses: 1,
		scoreboard.BytesUp: uint64(len(get)), scoreboard.Tunnels: 0, scoreboard.Resets: 0,
	} {
		if n := r.cell(cell); n != want {
			t.Errorf("cell %d: %d, want %d", cell, n, want)
		}
	}
	r.play("C>rst", "S<rst")
	flowtest.Eventually(t, "the reset is counted", func() bool { return r.cell(scoreboard.Resets) == 1 })
}

func TestDrainEndsWhatIsIdleAndFinishesTheRest(t *testing.T) {
	r := newWorker(t, Settings{})
	type pair struct{ client, server *flowtest.End }
	open := func() pair {
		c, client := flowtest.TCP(t, "client")
		u, server := flowtest.TCP(t, "server")
		r.take(&handover.Flow{ClientFD: c, UpstreamFD: u, Mirror: true})
		return pair{client, server}
	}
	exchange := func(p pair) { p.client.Send(get); p.server.Expect(get); p.server.Send(ok3); p.client.Expect(ok3) }
	idle, busy, tunnel := open(), open(), open()
	exchange(idle)
	exchange(busy)
	busy.client.Send(get)
	busy.server.Expect(get)
	busy.server.Send(ok3[:len(ok3)-1])
	busy.client.Expect(ok3[:len(ok3)-1])
	tunnel.client.Send("\x16")
	tunnel.server.Expect("\x16")

	flowtest.On(t, r.loop, func() bool { r.worker.Drain(); return true })
	idle.client.ExpectEOF()
	idle.server.ExpectEOF()
	busy.client.ExpectNothing()
	busy.server.Send("c")
	busy.client.Expect("c")
	busy.client.ExpectEOF()
	busy.server.ExpectEOF()
	tunnel.server.Send("\x15")
	tunnel.client.Expect("\x15")
	if n := flowtest.On(t, r.loop, r.worker.Active); n != 1 {
		t.Errorf("%d flows active, want the tunnel", n)
	}
	flowtest.On(t, r.loop, func() bool { r.worker.Cut(); return true })
	tunnel.client.ExpectReset()
	tunnel.server.ExpectReset()
	if ended := r.cell(scoreboard.Ended); ended != 3 {
		t.Errorf("ended: %d, want 3", ended)
	}
}

// bigBody is the length of a body that fills every buffer on its way, in bytes.
const bigBody = 20 << 20

// body is bigBody bytes that differ from seed to seed.
func body(seed byte) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{seed}), bigBody)
}

func sumOf(r io.Reader) [32]byte {
	hash := sha256.New()
	_, _ = io.Copy(hash, r)
	return [32]byte(hash.Sum(nil))
}

func TestBigBodiesArriveWhole(t *testing.T) {
	const size = bigBody
	t.Run("by length, both ways at once", func(t *testing.T) {
		r := newRig(t, Settings{})
		headUp := fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", size)
		headDown := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size)
		r.play(">< "+headUp, "<> "+headDown)
		go func() { _, _ = io.Copy(r.client, body(1)) }()
		go func() { _, _ = io.Copy(r.server, body(2)) }()
		up := make(chan [32]byte, 1)
		go func() { up <- sumOf(io.LimitReader(r.server.TCPConn, size)) }()
		if down := sumOf(io.LimitReader(r.client.TCPConn, size)); down != sumOf(body(2)) {
			t.Error("what the client got is not what the server sent")
		}
		if flowtest.Await(t, up) != sumOf(body(1)) {
			t.Error("what the server got is not what the client sent")
		}
		r.play(">< "+get, "<> "+ok3, "is http -")
	})
	t.Run("chunked, of odd sizes", func(t *testing.T) {
		r := newRig(t, Settings{})
		r.play(">< "+get, "<> "+chunked)
		var coded bytes.Buffer
		random := rand.New(rand.NewPCG(1, 2))
		content := body(3)
		for left := size; left > 0; {
			n := min(left, 1+random.IntN(1<<random.IntN(20)))
			left -= n
			fmt.Fprintf(&coded, "%x;n=%d\r\n", n, n)
			_, _ = io.CopyN(&coded, content, int64(n))
			coded.WriteString("\r\n")
		}
		coded.WriteString("0\r\nSum: x\r\n\r\n")
		want := coded.Bytes()
		go func() { _, _ = r.server.Write(want) }()
		got := make([]byte, len(want))
		_ = r.client.SetReadDeadline(time.Now().Add(20 * time.Second))
		if n, err := io.ReadFull(r.client, got); err != nil {
			t.Fatalf("after %d of %d bytes: %v", n, len(want), err)
		}
		if !bytes.Equal(got, want) {
			t.Error("the client got other bytes than the server sent")
		}
		r.play(">< "+get, "<> "+ok3, "is http -")
	})
	t.Run("until the end", func(t *testing.T) {
		r := newRig(t, Settings{})
		r.play(">< "+get, "<> HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(r.server, body(4)); _ = r.server.CloseWrite() }()
		if sumOf(r.client.TCPConn) != sumOf(body(4)) {
			t.Error("what the client got is not what the server sent")
		}
	})
	t.Run("to a reader that stops", func(t *testing.T) {
		r := newRig(t, Settings{})
		r.play(">< "+get, fmt.Sprintf("<> HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size))
		_ = r.client.SetReadBuffer(32 << 10)
		_ = r.server.SetWriteBuffer(32 << 10)
		sent := make(chan int64, 1)
		go func() { n, _ := io.Copy(r.server, body(5)); sent <- n }()
		passed := uint64(0)
		flowtest.Eventually(t, "the flow stands still", func() bool {
			time.Sleep(100 * time.Millisecond)
			before := passed
			passed = r.flow().Down
			return passed == before
		})
		if held := r.held(); held > 256<<10 {
			t.Errorf("%d bytes held for a client that does not read", held)
		}
		if passed >= size {
			t.Error("all of it passed: the client's socket took more than this test assumes")
		}
		if sumOf(io.LimitReader(r.client.TCPConn, size)) != sumOf(body(5)) {
			t.Error("what the client got is not what the server sent")
		}
		if n := flowtest.Await(t, sent); n != size {
			t.Errorf("server sent %d bytes, want %d", n, size)
		}
	})
}

func TestIdleFlowHoldsNoMemory(t *testing.T) {
	r := newRig(t, Settings{})
	r.play(">< "+get, "<> "+ok3, "C> GET / HTT", "S<none")
	if n := r.held(); n != len("GET / HTT") {
		t.Errorf("%d bytes held with half a head, want %d", n, len("GET / HTT"))
	}
	r.play("C> P/1.1\r\nHost: a\r\n\r\n", "S< "+get, "<> "+ok3)
	idle := flowtest.On(t, r.loop, func() bool {
		f := r.worker.flows[0]
		return f.pair.Held() == 0 && f.up.head == nil && f.down.head == nil && !f.slow && len(r.worker.slow) == 0
	})
	if !idle {
		t.Error("an idle flow holds a buffer, a parser or a place in the list of slow heads")
	}
	if size := unsafe.Sizeof(Flow{}); size > 448 {
		t.Errorf("a flow has %d bytes, want at most 448", size)
	} else {
		t.Logf("a flow has %d bytes", size)
	}
}

// The filters alone, shown a long exchange in every way it can be cut in two
// and in three: what passes in the end is all of it, and nothing passes before
// it is complete.
func TestFiltersPassTheSameInAnySplit(t *testing.T) {
	up := post5 + "\r\n" + get + "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n0\r\nT: u\r\n\r\n" + head + get
	down := ok3 + "HTTP/1.1 100 x\r\n\r\n" + chunked + "3\r\nabc\r\n0\r\nA: b\r\n\r\n" + "HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n" +
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" + ok0
	worker := &Worker{settings: Settings{}.withDefaults(), board: scoreboard.Local(), loop: &eventloop.Loop{}}
	show := func(f leg.Filter, text string, cuts ...int) error {
		start := 0
		for _, at := range append(cuts, len(text)) {
			n := f.Pass([]byte(text[start:at]), false)
			if n < 0 || n > at-start {
				return fmt.Errorf("cut at %v: %d of %d bytes pass", cuts, n, at-start)
			}
			start += n
		}
		if start != len(text) {
			return fmt.Errorf("cut at %v: %d of %d bytes passed", cuts, start, len(text))
		}
		return nil
	}
	check := func(cuts ...int) {
		t.Helper()
		f := &Flow{worker: worker}
		var upCuts, downCuts []int
		for _, c := range cuts {
			upCuts, downCuts = append(upCuts, min(c, len(up))), append(downCuts, min(c, len(down)))
		}
		if err := show((*upSide)(f), up, upCuts...); err != nil {
			t.Fatal(err)
		}
		if err := show((*downSide)(f), down, downCuts...); err != nil {
			t.Fatal(err)
		}
		if f.reason != 0 || !f.waiting.empty() || f.current != nil || f.asking != nil || f.up.phase != inHead || f.down.phase != inHead || f.requests != 5 {
			t.Fatalf("cut at %v: reason %v, %d waiting, phases %d and %d, %d requests",
				cuts, f.reason, f.waiting.held, f.up.phase, f.down.phase, f.requests)
		}
	}
	for a := range max(len(up), len(down)) {
		check(a)
		for b := a; b < min(a+40, max(len(up), len(down))); b++ {
			check(a, b)
		}
	}
	if n := len(worker.spare); n > 2 {
		t.Errorf("%d parsers were made for two directions", n)
	}
}

func TestReasonsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for reason := range reasonCount {
		if name := reason.String(); name == "" || name == "unknown" || seen[name] {
			t.Errorf("reason %d has the name %q", reason, name)
		} else {
			seen[name] = true
		}
	}
	if Reason(http1.BareLF).String() != "bare-lf" || Reason(255).String() != "unknown" {
		t.Error("names are shifted")
	}
}

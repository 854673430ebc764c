package leg

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"limpid/proxy/eventloop"
	"limpid/proxy/flowtest"
)

func TestMain(m *testing.M) { flowtest.Main(m) }

// rig is a tunnel between two ends on a running loop.
type rig struct {
	t              testing.TB
	loop           *eventloop.Loop
	pool           *Pool
	client, server *flowtest.End
	tunnel         *Tunnel
	ended          chan Ending
}

func newPool(t testing.TB) (*eventloop.Loop, *Pool) {
	t.Helper()
	var pool *Pool
	loop := flowtest.Loop(t, func() { pool.Close() })
	pool = flowtest.On(t, loop, func() *Pool {
		p, err := NewPool(loop)
		if err != nil {
			t.Error(err)
		}
		return p
	})
	return loop, pool
}

func newRig(t testing.TB) *rig {
	t.Helper()
	loop, pool := newPool(t)
	r := &rig{t: t, loop: loop, pool: pool, ended: make(chan Ending, 1)}
	var c, u int
	c, r.client = flowtest.TCP(t, "client")
	u, r.server = flowtest.TCP(t, "server")
	r.open(c, u, false, nil)
	return r
}

func (r *rig) open(client, upstream int, connecting bool, first []byte) {
	r.t.Helper()
	r.tunnel = flowtest.On(r.t, r.loop, func() *Tunnel {
		tunnel, err := NewTunnel(r.pool, client, upstream, connecting, first, func(_ *Tunnel, how Ending) { r.ended <- how })
		if err != nil {
			r.t.Error(err)
		}
		return tunnel
	})
	r.t.Cleanup(func() { flowtest.On(r.t, r.loop, func() bool { r.tunnel.Cut(); return true }) })
}

func (r *rig) expectEnding(want Ending) {
	r.t.Helper()
	if got := flowtest.Await(r.t, r.ended); got != want {
		r.t.Errorf("ending: %v, want %v", got, want)
	}
}

func TestBytesCrossBothWays(t *testing.T) {
	r := newRig(t)
	r.client.Send("ping")
	r.server.Expect("ping")
	r.server.Send("pong")
	r.client.Expect("pong")
	r.client.Finish()
	r.server.ExpectEOF()
	r.server.Finish()
	r.client.ExpectEOF()
	r.expectEnding(Finished)
	if up, down := r.tunnel.Bytes(); up != 4 || down != 4 {
		t.Errorf("bytes: %d up, %d down, want 4 and 4", up, down)
	}
}

func TestHalfCloseLeavesTheOtherDirectionOpen(t *testing.T) {
	t.Run("client first", func(t *testing.T) {
		r := newRig(t)
		r.client.Send("last words")
		r.client.Finish()
		r.server.Expect("last words")
		r.server.ExpectEOF()
		r.client.ExpectNothing()
		r.server.Send("still here")
		r.client.Expect("still here")
		r.server.Finish()
		r.client.ExpectEOF()
		r.expectEnding(Finished)
	})
	t.Run("server first", func(t *testing.T) {
		r := newRig(t)
		r.server.Send("last words")
		r.server.Finish()
		r.client.Expect("last words")
		r.client.ExpectEOF()
		r.server.ExpectNothing()
		r.client.Send("still here")
		r.server.Expect("still here")
		r.client.Finish()
		r.server.ExpectEOF()
		r.expectEnding(Finished)
	})
}

func TestResetIsMirroredAsReset(t *testing.T) {
	t.Run("by client", func(t *testing.T) {
		r := newRig(t)
		r.client.Send("x")
		r.server.Expect("x")
		r.client.Reset()
		r.server.ExpectReset()
		r.expectEnding(ResetByClient)
	})
	t.Run("by server", func(t *testing.T) {
		r := newRig(t)
		r.server.Send("x")
		r.client.Expect("x")
		r.server.Reset()
		r.client.ExpectReset()
		r.expectEnding(ResetByUpstream)
	})
	t.Run("after a half-close", func(t *testing.T) {
		r := newRig(t)
		r.client.Finish()
		r.server.ExpectEOF()
		r.server.Reset()
		r.client.ExpectReset()
		r.expectEnding(ResetByUpstream)
	})
	t.Run("while the other side does not read", func(t *testing.T) {
		r := newRig(t)
		fill(t, r.server)
		r.server.Reset()
		// What was on its way comes first, as on a wire.
		if got, reset := r.client.ReadRest(); !reset || len(got) == 0 {
			t.Errorf("client: %d bytes, reset %v; want bytes and a reset", len(got), reset)
		}
		r.expectEnding(ResetByUpstream)
	})
}

// fill writes until nothing is taken any more and returns how much was.
func fill(t testing.TB, e *flowtest.End) int {
	t.Helper()
	chunk := make([]byte, 64<<10)
	total := 0
	for {
		_ = e.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
		n, err := e.Write(chunk)
		total += n
		if err != nil {
			return total
		}
	}
}

// A server that answers before it has read the request, and closes: its kernel
// sends the answer and then RST. The answer must arrive.
func TestDataBeforeAResetArrives(t *testing.T) {
	r := newRig(t)
	answer := strings.Repeat("too large ", 20_000)
	_ = r.client.SetReadBuffer(8 << 10) // so that it waits in our socket
	r.client.Send("unread")
	flowtest.Eventually(t, "the request is in the server's kernel", func() bool {
		up := flowtest.On(t, r.loop, func() uint64 { up, _ := r.tunnel.Bytes(); return up })
		return up == 6
	})
	r.server.Send(answer)
	flowtest.Eventually(t, "the answer has left the server", func() bool {
		return flowtest.On(t, r.loop, func() uint64 { _, down := r.tunnel.Bytes(); return down }) == uint64(len(answer))
	})
	_ = r.server.Close() // unread data: RST
	got, reset := r.client.ReadRest()
	if string(got) != answer {
		t.Errorf("client got %d bytes of the answer, want %d", len(got), len(answer))
	}
	if !reset {
		t.Error("client saw FIN, want a reset")
	}
}

// The server's kernel was told that we have what we hold: it must arrive.
func TestDataHeldAtAResetArrives(t *testing.T) {
	r := newRig(t)
	_ = r.client.SetReadBuffer(32 << 10)
	fill(t, r.server)
	var have uint64
	flowtest.Eventually(t, "something is held", func() bool {
		have = flowtest.On(t, r.loop, func() uint64 { _, down := r.tunnel.Bytes(); return down + uint64(r.tunnel.Held()) })
		return flowtest.On(t, r.loop, r.tunnel.Held) > 0
	})
	r.server.Reset()
	got, reset := r.client.ReadRest()
	if uint64(len(got)) < have || !reset {
		t.Errorf("%d bytes arrived, reset %v; want at least %d and a reset", len(got), reset, have)
	}
	r.expectEnding(ResetByUpstream)
}

func TestAReaderThatTakesNothingOfWhatIsHeldIsReset(t *testing.T) {
	r := newRig(t)
	_ = r.client.SetReadBuffer(32 << 10)
	fill(t, r.server)
	r.server.Reset()
	r.expectEnding(ResetByUpstream)
	if waiting := flowtest.On(t, r.loop, func() int { return len(r.pool.delivering) }); waiting > 1 {
		t.Errorf("%d pairs are waited for", waiting)
	}
}

// ways are the two directions.
var ways = map[string]func(r *rig) (from, to *flowtest.End){
	"up":   func(r *rig) (*flowtest.End, *flowtest.End) { return r.client, r.server },
	"down": func(r *rig) (*flowtest.End, *flowtest.End) { return r.server, r.client },
}

func TestASlowReaderStopsTheSender(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			from, to := way(r)
			_ = from.SetWriteBuffer(64 << 10)
			_ = to.SetReadBuffer(64 << 10)
			sent := fill(t, from)
			held := flowtest.On(t, r.loop, r.tunnel.Held)
			passed := flowtest.On(t, r.loop, func() uint64 { up, down := r.tunnel.Bytes(); return up + down })
			if held > pipeSize {
				t.Errorf("%d bytes held for a reader that does not read, want at most %d", held, pipeSize)
			}
			t.Logf("%d bytes sent, %d passed, %d held", sent, passed, held)
			from.Finish()
			got, reset := to.ReadRest()
			if len(got) != sent || reset {
				t.Errorf("%d bytes arrived, reset %v; want %d and no reset", len(got), reset, sent)
			}
		})
	}
}

func TestLargeTransfersArriveWhole(t *testing.T) {
	r := newRig(t)
	const size = 24 << 20
	send := func(e *flowtest.End, seed byte) <-chan [32]byte {
		sum := make(chan [32]byte, 1)
		go func() {
			hash := sha256.New()
			source := io.LimitReader(rand.NewChaCha8([32]byte{seed}), size)
			_, _ = io.Copy(io.MultiWriter(e.TCPConn, hash), source)
			_ = e.CloseWrite()
			sum <- [32]byte(hash.Sum(nil))
		}()
		return sum
	}
	receive := func(e *flowtest.End) <-chan [32]byte {
		sum := make(chan [32]byte, 1)
		go func() {
			hash := sha256.New()
			_, _ = io.Copy(hash, e.TCPConn)
			sum <- [32]byte(hash.Sum(nil))
		}()
		return sum
	}
	upGot, downGot := receive(r.server), receive(r.client)
	upSent, downSent := send(r.client, 1), send(r.server, 2)
	if flowtest.Await(t, upGot) != flowtest.Await(t, upSent) {
		t.Error("what the server got is not what the client sent")
	}
	if flowtest.Await(t, downGot) != flowtest.Await(t, downSent) {
		t.Error("what the client got is not what the server sent")
	}
	r.expectEnding(Finished)
	if up, down := r.tunnel.Bytes(); up != size || down != size {
		t.Errorf("bytes: %d up, %d down, want %d each", up, down, size)
	}
	pipes := flowtest.On(t, r.loop, func() [2]int { return [2]int{r.pool.pipesOut, len(r.pool.pipes)} })
	if pipes[0] == 0 {
		t.Error("no pipe was ever used")
	} else if pipes[0] != pipes[1] {
		t.Errorf("%d pipes out, %d spare: some leaked", pipes[0], pipes[1])
	}
}

func TestWithoutPipesBytesAreCopied(t *testing.T) {
	r := newRig(t)
	flowtest.On(t, r.loop, func() bool { r.pool.pipesOut = pipesAtMost; return true })
	want := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	go func() { _, _ = r.client.Write(want); _ = r.client.CloseWrite() }()
	if got, _ := r.server.ReadRest(); !bytes.Equal(got, want) {
		t.Errorf("%d bytes arrived, want %d equal ones", len(got), len(want))
	}
}

func TestIdleTunnelHoldsNothing(t *testing.T) {
	r := newRig(t)
	big := strings.Repeat("x", 1<<20)
	go r.client.Send(big)
	r.server.Expect(big)
	r.server.Send("ok")
	r.client.Expect("ok")
	flowtest.Eventually(t, "no buffer, no pipe", func() bool {
		return flowtest.On(t, r.loop, func() bool {
			p := &r.tunnel.pair
			return p.up.buf == nil && p.down.buf == nil && p.up.pipe == nil && p.down.pipe == nil
		})
	})
}

func TestFirstBytesGoAhead(t *testing.T) {
	loop, pool := newPool(t)
	r := &rig{t: t, loop: loop, pool: pool, ended: make(chan Ending, 1)}
	var c, u int
	c, r.client = flowtest.TCP(t, "client")
	u, r.server = flowtest.TCP(t, "server")
	r.client.Send(" and second")
	r.open(c, u, false, []byte("first"))
	r.server.Expect("first and second")
}

func TestConnectingUpstream(t *testing.T) {
	t.Run("client's bytes and FIN wait, within a bound", func(t *testing.T) {
		loop, pool := newPool(t)
		r := &rig{t: t, loop: loop, pool: pool, ended: make(chan Ending, 1)}
		far := flowtest.FullListener(t)
		var c int
		c, r.client = flowtest.TCP(t, "client")
		r.open(c, flowtest.Connecting(t, far.Addr.Port), true, []byte("zero "))
		want := "zero " + strings.Repeat("early ", 50_000)
		go func() { r.client.Send(want[5:]); r.client.Finish() }()
		flowtest.Eventually(t, "HoldLimit bytes are held", func() bool {
			return flowtest.On(t, loop, r.tunnel.Held) == HoldLimit
		})
		r.server = far.Accept("server")
		if got, reset := r.server.ReadRest(); string(got) != want || reset {
			t.Errorf("server got %d bytes, reset %v; want %d", len(got), reset, len(want))
		}
		r.server.Send("late")
		r.server.Finish()
		r.client.Expect("late")
		r.client.ExpectEOF()
		r.expectEnding(Finished)
	})
	t.Run("refused: client is reset", func(t *testing.T) {
		loop, pool := newPool(t)
		r := &rig{t: t, loop: loop, pool: pool, ended: make(chan Ending, 1)}
		var c int
		c, r.client = flowtest.TCP(t, "client")
		r.client.Send("hello?")
		r.open(c, flowtest.Connecting(t, flowtest.ClosedPort(t)), true, nil)
		r.client.ExpectReset()
		r.expectEnding(UpstreamLost)
		if err := r.tunnel.pair.Cause(); !errors.Is(err, unix.ECONNREFUSED) {
			t.Errorf("cause: %v, want ECONNREFUSED", err)
		}
	})
	t.Run("client resets meanwhile: the connect is given up", func(t *testing.T) {
		loop, pool := newPool(t)
		r := &rig{t: t, loop: loop, pool: pool, ended: make(chan Ending, 1)}
		far := flowtest.FullListener(t)
		var c int
		c, r.client = flowtest.TCP(t, "client")
		r.open(c, flowtest.Connecting(t, far.Addr.Port), true, nil)
		r.client.Reset()
		r.expectEnding(ResetByClient)
	})
	t.Run("already connected", func(t *testing.T) {
		loop, pool := newPool(t)
		r := &rig{t: t, loop: loop, pool: pool, ended: make(chan Ending, 1)}
		var c, u int
		c, r.client = flowtest.TCP(t, "client")
		u, r.server = flowtest.TCP(t, "server")
		r.open(c, u, true, nil)
		r.client.Send("x")
		r.server.Expect("x")
	})
	t.Run("never connected at all", func(t *testing.T) {
		loop, pool := newPool(t)
		r := &rig{t: t, loop: loop, pool: pool, ended: make(chan Ending, 1)}
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		var c int
		c, r.client = flowtest.TCP(t, "client")
		r.open(c, fd, true, nil)
		r.client.ExpectReset()
		r.expectEnding(UpstreamLost)
	})
}

func TestCutResetsBoth(t *testing.T) {
	r := newRig(t)
	r.client.Send("x")
	r.server.Expect("x")
	flowtest.On(t, r.loop, func() bool { r.tunnel.Cut(); r.tunnel.Cut(); return true })
	r.client.ExpectReset()
	r.server.ExpectReset()
	r.expectEnding(Cut)
}

func TestBadDescriptorsAreRefused(t *testing.T) {
	loop, pool := newPool(t)
	open := func(client, upstream int) error {
		return flowtest.On(t, loop, func() error {
			_, err := NewTunnel(pool, client, upstream, false, nil, func(*Tunnel, Ending) { t.Error("done was called") })
			return err
		})
	}
	before := flowtest.Descriptors()
	c, client := flowtest.TCP(t, "client")
	if open(c, -1) == nil {
		t.Error("upstream descriptor -1 was taken")
	}
	client.ExpectReset()
	u, server := flowtest.TCP(t, "server")
	if open(-1, u) == nil {
		t.Error("client descriptor -1 was taken")
	}
	server.ExpectReset()
	_, _ = client.Close(), server.Close()
	if after := flowtest.Descriptors(); after > before {
		t.Errorf("descriptors: %d, want %d", after, before)
	}
}

package relay

import (
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"limpid/proxy/accesslog"
	"limpid/proxy/eventloop"
	"limpid/proxy/flowtest"
	"limpid/proxy/handover"
	"limpid/proxy/scoreboard"
)

// bench is a flow that is driven by hand, without the loop's goroutine, and
// with ends that allocate nothing.
type bench struct {
	loop           *eventloop.Loop
	flow           *Flow
	access         *accesslog.Log
	client, server int
	buffer         []byte
}

func newBench(t testing.TB) *bench {
	t.Helper()
	loop, err := eventloop.New()
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	access, err := accesslog.New(accesslog.Settings{}, log)
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWorker(loop, Settings{}, new(atomic.Int64), scoreboard.Local(), access.Recorder(), log)
	if err != nil {
		t.Fatal(err)
	}
	c, client := flowtest.TCP(t, "client")
	u, server := flowtest.TCP(t, "server")
	w.Take(&handover.Flow{ID: 1, Mirror: true, ClientFD: c, UpstreamFD: u})
	b := &bench{
		loop: loop, flow: w.flows[0], access: access, client: flowtest.Descriptor(t, client.TCPConn), server: flowtest.Descriptor(t, server.TCPConn),
		buffer: make([]byte, 64<<10),
	}
	t.Cleanup(func() {
		w.Close()
		_ = loop.Close()
		_, _ = unix.Close(b.client), unix.Close(b.server)
	})
	return b
}

// send and receive do what an end does, by system calls that allocate nothing
// and that the race detector does not follow.
func send(t testing.TB, fd int, b []byte) {
	if n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b))); int(n) != len(b) {
		t.Fatalf("sent %d of %d bytes: %v", n, len(b), errno)
	}
}

// receive has the loop turn until what was sent has come.
func (b *bench) receive(t testing.TB, fd, want int) {
	for got := 0; got < want; {
		b.turn(t)
		n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b.buffer))), uintptr(len(b.buffer)))
		if errno == unix.EAGAIN {
			continue
		}
		if errno != 0 {
			t.Fatalf("received %d of %d bytes: %v", got, want, errno)
		}
		got += int(n)
	}
}

func (b *bench) turn(t testing.TB) {
	if b.loop == nil {
		return
	}
	if _, err := b.loop.Turn(); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) exchange(t testing.TB, request, response []byte) {
	send(t, b.client, request)
	b.receive(t, b.server, len(request))
	send(t, b.server, response)
	b.receive(t, b.client, len(response))
}

func response1K() []byte {
	return []byte("HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\nContent-Type: text/plain\r\n" +
		"Content-Length: 1024\r\nConnection: keep-alive\r\n\r\n" + strings.Repeat("x", 1024))
}

const request1K = "GET /1k HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n\r\n"

func TestKeepAliveAllocatesNothing(t *testing.T) {
	for name, c := range map[string][2][]byte{
		"1 KiB":    {[]byte(request1K), response1K()},
		"chunked":  {[]byte(request1K), []byte(chunked + "3\r\nabc\r\n0\r\n\r\n")},
		"pipeline": {[]byte(get + get + get), []byte(ok3 + ok0 + ok3)},
		"upload":   {[]byte(post5), []byte(ok0)},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.exchange(t, c[0], c[1])
			if n := testing.AllocsPerRun(500, func() { b.exchange(t, c[0], c[1]) }); n != 0 {
				t.Errorf("%v allocations an exchange, want 0", n)
			}
			if b.flow.reason != 0 || b.flow.requests < 500 {
				t.Errorf("reason %v, %d requests: this was no HTTP", b.flow.reason, b.flow.requests)
			}
		})
	}
	t.Run("head in two pieces", func(t *testing.T) {
		b := newBench(t)
		request, response := []byte(request1K), response1K()
		exchange := func() {
			send(t, b.client, request[:20])
			b.turn(t)
			send(t, b.client, request[20:])
			b.receive(t, b.server, len(request))
			send(t, b.server, response)
			b.receive(t, b.client, len(response))
		}
		exchange()
		if n := testing.AllocsPerRun(500, exchange); n != 0 {
			t.Errorf("%v allocations an exchange, want 0", n)
		}
	})
}

// BenchmarkKeepAlive1K includes both ends' own system calls, four of eight.
func BenchmarkKeepAlive1K(b *testing.B) {
	rig := newBench(b)
	request, response := []byte(request1K), response1K()
	b.ReportAllocs()
	for b.Loop() {
		rig.exchange(b, request, response)
	}
}

// BenchmarkLeastKeepAlive1K is the same by two reads and two writes alone: what
// no relay can be cheaper than.
func BenchmarkLeastKeepAlive1K(b *testing.B) {
	c, client := flowtest.TCP(b, "client")
	u, server := flowtest.TCP(b, "server")
	rig := &bench{buffer: make([]byte, 64<<10), client: flowtest.Descriptor(b, client.TCPConn), server: flowtest.Descriptor(b, server.TCPConn)}
	b.Cleanup(func() {
		for _, fd := range []int{c, u, rig.client, rig.server} {
			_ = unix.Close(fd)
		}
	})
	request, response := []byte(request1K), response1K()
	b.ReportAllocs()
	for b.Loop() {
		send(b, rig.client, request)
		rig.receive(b, c, len(request))
		send(b, u, request)
		rig.receive(b, rig.server, len(request))
		send(b, rig.server, response)
		rig.receive(b, u, len(response))
		send(b, c, response)
		rig.receive(b, rig.client, len(response))
	}
}

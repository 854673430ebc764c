package eventloop

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain fails the run when a test leaves descriptors open.
func TestMain(m *testing.M) {
	MakeRoom(8)
	before := openDescriptors()
	code := m.Run()
	if after := openDescriptors(); code == 0 && after > before {
		fmt.Fprintf(os.Stderr, "%d descriptors open at the end, %d at the start\n", after, before)
		code = 1
	}
	os.Exit(code)
}

func openDescriptors() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		panic(err)
	}
	n := 0
	for _, e := range entries {
		// The runtime keeps its own poller and wake-up once it has them.
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil &&
			target != "anon_inode:[eventpoll]" && target != "anon_inode:[eventfd]" {
			n++
		}
	}
	return n
}

func newLoop(t testing.TB) *Loop {
	t.Helper()
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func socketpair(t testing.TB) (int, int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fds[0]); _ = unix.Close(fds[1]) })
	return fds[0], fds[1]
}

// start runs the loop until the test ends.
func start(t testing.TB, l *Loop) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

type handler func(events uint32)

func (h handler) Ready(events uint32) { h(events) }

// await fails the test when nothing arrives.
func await[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(5 * time.Second):
		t.Fatal("nothing happened for 5 s")
		panic("unreachable")
	}
}

func TestReadyReportsEvents(t *testing.T) {
	l := newLoop(t)
	a, b := socketpair(t)
	got := make(chan uint32, 10)
	if err := l.Add(a, unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLET, handler(func(e uint32) { got <- e })); err != nil {
		t.Fatal(err)
	}
	start(t, l)
	if _, err := unix.Write(b, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if e := await(t, got); e != unix.EPOLLIN {
		t.Errorf("data: events %#x, want EPOLLIN", e)
	}
	if err := unix.Shutdown(b, unix.SHUT_WR); err != nil {
		t.Fatal(err)
	}
	if e := await(t, got); e&unix.EPOLLRDHUP == 0 {
		t.Errorf("end of data: events %#x, want EPOLLRDHUP among them", e)
	}
}

// Two descriptors are ready in one round. The first one's handler removes the
// second and registers the same number anew: its old event must not arrive.
func TestStaleEventDoesNotReachNewHandler(t *testing.T) {
	l := newLoop(t)
	a, aPeer := socketpair(t)
	b, bPeer := socketpair(t)
	var first sync.Once
	var calls []string
	swap := func(self, other int) handler {
		return func(uint32) {
			first.Do(func() {
				calls = append(calls, "first")
				l.Remove(other)
				var drain [8]byte
				_, _ = unix.Read(other, drain[:])
				err := l.Add(other, unix.EPOLLIN, handler(func(uint32) {
					calls = append(calls, "new")
					_, _ = unix.Read(other, drain[:])
				}))
				if err != nil {
					t.Error(err)
				}
				l.Remove(self)
			})
		}
	}
	for _, x := range [][2]int{{a, b}, {b, a}} {
		if err := l.Add(x[0], unix.EPOLLIN, swap(x[0], x[1])); err != nil {
			t.Fatal(err)
		}
	}
	for _, peer := range []int{aPeer, bPeer} {
		if _, err := unix.Write(peer, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	if err := l.Every(5*time.Millisecond, cancel); err != nil {
		t.Fatal(err)
	}
	if err := l.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if len(calls) != 1 || calls[0] != "first" {
		t.Errorf("calls %v, want only the first handler's", calls)
	}
}

func TestForgottenDescriptorReportsNothing(t *testing.T) {
	l := newLoop(t)
	a, b := socketpair(t)
	if err := l.Add(a, unix.EPOLLIN, handler(func(uint32) { t.Error("called after Forget") })); err != nil {
		t.Fatal(err)
	}
	l.Forget(a)
	l.Remove(a) // of a descriptor that is not watched: nothing
	if _, err := unix.Write(b, []byte("x")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.Post(func() { l.Post(cancel) })
	if err := l.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestAddRefusesWhatEpollRefuses(t *testing.T) {
	l := newLoop(t)
	if err := l.Add(-1, unix.EPOLLIN, handler(nil)); !errors.Is(err, unix.EBADF) {
		t.Errorf("descriptor -1: %v, want EBADF", err)
	}
	file, err := os.Open("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	regular, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer regular.Close()
	if err := l.Add(int(regular.Fd()), unix.EPOLLIN, handler(nil)); !errors.Is(err, unix.EPERM) {
		t.Errorf("regular file: %v, want EPERM", err)
	}
}

func TestPostRunsInOrderFromManyGoroutines(t *testing.T) {
	l := newLoop(t)
	start(t, l)
	const posters, each = 8, 1000
	var next [posters]int // touched on the loop's goroutine only
	var wg sync.WaitGroup
	for p := range posters {
		wg.Go(func() {
			for i := range each {
				l.Post(func() {
					if next[p] != i {
						t.Errorf("poster %d: function %d ran when %d was due", p, i, next[p])
					}
					next[p]++
				})
			}
		})
	}
	wg.Wait()
	done := make(chan [posters]int, 1)
	l.Post(func() { done <- next })
	for p, n := range await(t, done) {
		if n != each {
			t.Errorf("poster %d: %d functions ran, want %d", p, n, each)
		}
	}
}

func TestPostBeforeRunIsKept(t *testing.T) {
	l := newLoop(t)
	ctx, cancel := context.WithCancel(context.Background())
	l.Post(cancel)
	if err := l.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestRunReturnsAtOnceWhenContextHasEnded(t *testing.T) {
	l := newLoop(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := l.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestEveryTicksAgainAndAgain(t *testing.T) {
	l := newLoop(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ticks := 0
	if err := l.Every(time.Millisecond, func() {
		if ticks++; ticks == 5 {
			cancel()
		}
	}); err != nil {
		t.Fatal(err)
	}
	if err := l.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if ticks < 5 {
		t.Errorf("%d ticks, want 5", ticks)
	}
}

func TestAgainGivesWayToOthers(t *testing.T) {
	l := newLoop(t)
	a, b := socketpair(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var order []string
	var busy handler
	turns := 0
	busy = func(events uint32) {
		if events != 0 {
			t.Errorf("called again with events %#x, want 0", events)
		}
		order = append(order, "busy")
		if turns++; turns == 1 {
			if _, err := unix.Write(b, []byte("x")); err != nil {
				t.Error(err)
			}
		}
		if turns < 3 {
			l.Again(busy)
		} else {
			cancel()
		}
	}
	if err := l.Add(a, unix.EPOLLIN|unix.EPOLLET, handler(func(uint32) { order = append(order, "other") })); err != nil {
		t.Fatal(err)
	}
	l.Again(busy)
	if err := l.Run(ctx); err != nil {
		t.Fatal(err)
	}
	want := "[busy other busy busy]"
	if got := fmt.Sprint(order); got != want {
		t.Errorf("order %v, want %v", got, want)
	}
}

func TestNowStandsStillWithinARound(t *testing.T) {
	l := newLoop(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var first, second, later time.Time
	l.Post(func() {
		first = l.Now()
		for time.Now().Equal(first) {
		}
		second = l.Now()
		l.Post(func() { later = l.Now(); cancel() })
	})
	if err := l.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if !first.Equal(second) {
		t.Errorf("within one round: %v, then %v", first, second)
	}
	if !later.After(first) {
		t.Errorf("next round: %v, want after %v", later, first)
	}
}

// pingPong answers each byte with a byte until it has seen enough.
type pingPong struct {
	fd, left int
	enough   context.CancelFunc
	b        [1]byte
}

func (p *pingPong) Ready(uint32) {
	if n, err := unix.Read(p.fd, p.b[:]); n != 1 || err != nil {
		return
	}
	if p.left--; p.left <= 0 {
		p.enough()
		return
	}
	_, _ = unix.Write(p.fd, p.b[:])
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	l := newLoop(t)
	a, b := socketpair(t)
	players := [2]*pingPong{{fd: a}, {fd: b}}
	for _, p := range players {
		if err := l.Add(p.fd, unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLET, p); err != nil {
			t.Fatal(err)
		}
	}
	play := func(rounds int) func() {
		return func() {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			for _, p := range players {
				p.left, p.enough = rounds, cancel
			}
			if _, err := unix.Write(a, []byte("x")); err != nil {
				t.Error(err)
			}
			if err := l.Run(ctx); err != nil {
				t.Error(err)
			}
		}
	}
	play(10)()
	// Starting and ending a run allocates; a thousand rounds more must not.
	short, long := testing.AllocsPerRun(20, play(1)), testing.AllocsPerRun(20, play(1000))
	if long > short {
		t.Errorf("%v allocations with 1000 rounds, %v with 1", long, short)
	}
}

func BenchmarkPingPong(b *testing.B) {
	l := newLoop(b)
	x, y := socketpair(b)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, fd := range []int{x, y} {
		p := &pingPong{fd: fd, left: b.N, enough: cancel}
		if err := l.Add(fd, unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLET, p); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := unix.Write(x, []byte("x")); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	if err := l.Run(ctx); err != nil {
		b.Fatal(err)
	}
}

func TestTickerStopsAndStarts(t *testing.T) {
	l := newLoop(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ticks, others := 0, 0
	var ticker *Ticker
	ticker, err := l.NewTicker(time.Millisecond, func() {
		if ticks++; ticks == 2 {
			cancel()
		}
		ticker.Stop()
		ticker.Stop() // twice is as once
	})
	if err != nil {
		t.Fatal(err)
	}
	ticker.Start()
	if err := l.Every(time.Millisecond, func() {
		if others++; others == 20 {
			if ticks != 1 {
				t.Errorf("%d ticks of a ticker stopped at the first, want 1", ticks)
			}
			ticker.Start()
		}
	}); err != nil {
		t.Fatal(err)
	}
	if err := l.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

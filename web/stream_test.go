package web

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"limpid/appliance/control"
)

// pipes is a listener whose connections hold nothing back: a write waits for its reader.
type pipes struct {
	conns chan net.Conn
	ended chan struct{}
	end   func()
}

func newPipes() *pipes {
	l := &pipes{conns: make(chan net.Conn), ended: make(chan struct{})}
	l.end = sync.OnceFunc(func() { close(l.ended) })
	return l
}

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.ended:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error { l.end(); return nil }

func (l *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 10), Port: 443} }

// live is a page that serves streams in a bubble of synctest.
type live struct {
	*testing.T
	box      *box
	page     *Page
	listener *pipes
	server   *http.Server
}

// newLive is a box that has sent 125,000 bytes a second for three minutes, half of them
// through the proxy; it goes on if somebody calls its pass.
func newLive(t *testing.T) *live {
	t.Helper()
	b := whole()
	b.hash = "set"
	b.history = control.History{Names: []string{"requests", "lan_sent", "to_clients"}, Step: control.Duration(time.Second)}
	l := &live{t, b, newPage(t, b), newPipes(), nil}
	for s := -180; s < 0; s++ {
		l.pass(time.Duration(s) * time.Second)
	}
	l.server = l.page.server(l.page.Handler())
	l.server.RegisterOnShutdown(l.page.streams.end)
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := l.server.Serve(l.listener); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		_ = l.server.Close()
		serving.Wait()
	})
	return l
}

// pass adds the second that is so far from now.
func (l *live) pass(from time.Duration) {
	l.box.set(func(b *box) {
		at := time.Now().Truncate(time.Second).Add(from)
		b.history.Points = append(b.history.Points, control.HistoryPoint{At: at, Counts: []uint64{3, 125_000, 62_500}})
	})
}

// login gives the cookie of a session.
func (l *live) login() string {
	w := httptest.NewRecorder()
	l.page.sessions.begin(w, httptest.NewRequest(http.MethodPost, "/login", http.NoBody), holder{owners, "set"}) //nolint:noctx // answered at once
	return cookieName + "=" + valueOf(l.T, w.Header().Get("Set-Cookie"))
}

// reader is somebody who has asked for the stream.
type reader struct {
	net.Conn
	in   *bufio.Reader
	body io.Reader
	code int
}

// ask asks for the stream, and reads nothing of the answer.
func (l *live) ask(cookie string) *reader {
	l.Helper()
	ours, theirs := net.Pipe()
	l.Cleanup(func() { _ = ours.Close() })
	l.listener.conns <- theirs
	if _, err := fmt.Fprintf(ours, "GET /live/stream HTTP/1.1\r\nHost: 192.0.2.10\r\nCookie: %s\r\n\r\n", cookie); err != nil {
		l.Fatal(err)
	}
	return &reader{Conn: ours, in: bufio.NewReader(ours)}
}

// open asks for the stream and reads the head of the answer.
func (l *live) open(cookie string) *reader {
	l.Helper()
	r := l.ask(cookie)
	response, err := http.ReadResponse(r.in, nil) //nolint:bodyclose // the connection is
	if err != nil {
		l.Fatal(err)
	}
	r.code, r.body = response.StatusCode, response.Body
	r.in = bufio.NewReader(response.Body)
	return r
}

// next is the next event.
func (r *reader) next() (p pulse, err error) {
	for {
		line, err := r.in.ReadString('\n')
		if err != nil {
			return p, err
		}
		if text, ok := strings.CutPrefix(line, "data: "); ok {
			return p, json.Unmarshal([]byte(text), &p)
		}
	}
}

func (l *live) must(r *reader) pulse {
	l.Helper()
	p, err := r.next()
	if err != nil {
		l.Fatal(err)
	}
	return p
}

// held is how many streams are open.
func (l *live) held() int {
	synctest.Wait()
	l.page.streams.mu.Lock()
	defer l.page.streams.mu.Unlock()
	return l.page.streams.total
}

func TestStreamTellsEachSecondOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLive(t)
		r := l.open(l.login())
		first := l.must(r)
		if r.code != http.StatusOK || len(first.Points) != pulseWidth-1 || first.Counts == nil || first.Counts.Requests != 1234567 {
			t.Fatalf("%d: %d points, %+v", r.code, len(first.Points), first.Counts)
		}
		// The newest second waits for what may still be noted of it.
		seen := first.Points[len(first.Points)-1]
		if want := time.Now().Truncate(time.Second).Unix() - 2; seen.At != want || seen.ToClients != 62_500 || seen.LANSent != 125_000 || seen.Requests != 3 || seen.FromCache != 0 {
			t.Errorf("the newest second told is %+v, want %d", seen, want)
		}
		for n := range 30 {
			l.box.set(func(b *box) { b.status.Requests = uint64(n) })
			l.pass(0)
			p := l.must(r)
			if len(p.Points) != 1 || p.Points[0].At != seen.At+1 || p.Counts.Requests != uint64(n) || p.Stamp != first.Stamp {
				t.Fatalf("beat %d: %+v, %+v", n, p.Points, p.Counts)
			}
			seen = p.Points[0]
		}
		// After the first only what is new is asked for.
		if got := l.box.recent; len(got) != 30 || got[29] != pulseAsked {
			t.Errorf("asked for %v points", got)
		}
	})
}

// Seconds that come after the clock was set back are told, although later ones have been.
func TestStreamFollowsAClockThatIsSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLive(t)
		var back atomic.Int64 // ns
		l.page.clock = func() time.Time { return time.Now().Add(-time.Duration(back.Load())) }
		r := l.open(l.login())
		before := l.must(r).Points
		back.Store(int64(time.Hour))
		l.box.set(func(b *box) { b.history.Points = nil })
		l.pass(-time.Hour)
		if p := l.must(r); len(p.Points) != 0 {
			t.Fatalf("%+v before another second was noted", p.Points)
		}
		l.pass(-time.Hour)
		p := l.must(r)
		if want := before[len(before)-1].At + 2 - 3600; len(p.Points) != 1 || p.Points[0].At != want {
			t.Fatalf("%+v, want the second %d", p.Points, want)
		}
		l.pass(-time.Hour)
		if next := l.must(r); len(next.Points) != 1 || next.Points[0].At != p.Points[0].At+1 {
			t.Errorf("%+v after %+v", next.Points, p.Points)
		}
	})
}

// What was counted at the end of a second may be noted when it is over: told before, the
// second would lack it for good.
func TestStreamTellsWholeSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLive(t)
		r := l.open(l.login())
		seen := l.must(r).Points[pulseWidth-2].At
		l.pass(0)
		if p := l.must(r); len(p.Points) != 1 || p.Points[0].At != seen+1 {
			t.Fatalf("%+v, want the second %d", p.Points, seen+1)
		}
		l.box.set(func(b *box) { b.history.Points[len(b.history.Points)-1].Counts = []uint64{7, 1, 1} })
		l.pass(0)
		if p := l.must(r); len(p.Points) != 1 || p.Points[0].At != seen+2 || p.Points[0].Requests != 7 {
			t.Errorf("%+v, want the second %d with 7 requests", p.Points, seen+2)
		}
		// The last one is told too, although none is noted behind it.
		for range 3 {
			if p := l.must(r); len(p.Points) == 1 && p.Points[0].At == seen+3 {
				return
			}
		}
		t.Errorf("the second %d was not told", seen+3)
	})
}

func TestStreamTellsThatSomethingChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLive(t)
		r := l.open(l.login())
		stamp := l.must(r).Stamp
		for name, change := range map[string]func(*control.Status){
			"mode":  func(s *control.Status) { s.Mode, s.Since = control.Bypass, time.Now() },
			"alarm": func(s *control.Status) { s.Problems = []string{"rules: no"} },
			"link":  func(s *control.Status) { s.Wire.LAN.Carrier = false },
			"trial": func(s *control.Status) { s.Trial = &control.Trial{Until: time.Now()} },
			"order": func(s *control.Status) { s.Bypass.On = true },
		} {
			l.box.set(func(b *box) { change(&b.status) })
			p := l.must(r)
			if p.Stamp == stamp {
				t.Errorf("%s: the stamp is the same", name)
			}
			stamp = p.Stamp
		}
		// A supervisor that does not answer is no reason to end it.
		l.box.set(func(b *box) { b.err = errors.New("no limpid runs there") })
		if p := l.must(r); p.Counts != nil || p.Stamp == stamp || len(p.Points) != 0 {
			t.Errorf("while nobody answers: %+v", p)
		}
		l.box.set(func(b *box) { b.err = nil })
		if p := l.must(r); p.Counts == nil || p.Stamp != stamp {
			t.Errorf("when it answers again: %+v", p)
		}
	})
}

func TestStreamEnds(t *testing.T) {
	for name, end := range map[string]func(l *live, own *http.Request){
		"with the session":  func(l *live, own *http.Request) { l.page.sessions.end(httptest.NewRecorder(), own) },
		"with the password": func(l *live, _ *http.Request) { l.box.set(func(b *box) { b.hash = "other" }) },
		"with the page":     func(l *live, _ *http.Request) { go func() { _ = l.server.Shutdown(l.Context()) }() },
		"by itself":         func(_ *live, _ *http.Request) {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLive(t)
				cookie := l.login()
				own := httptest.NewRequest(http.MethodGet, "/", http.NoBody) //nolint:noctx // not sent
				own.Header.Set("Cookie", cookie)
				r := l.open(cookie)
				l.must(r)
				begun := time.Now()
				end(l, own)
				for {
					if _, err := r.next(); errors.Is(err, io.EOF) {
						break
					} else if err != nil {
						t.Fatal(err)
					}
				}
				if took := time.Since(begun); (name == "by itself") != (took >= streamLife) || took > streamLife+beat {
					t.Errorf("it ended after %v", took)
				}
				if n := l.held(); n != 0 {
					t.Errorf("%d streams are held", n)
				}
			})
		})
	}
}

// A stream is no use of a session: it ends as if nobody looked.
func TestStreamKeepsNoSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLive(t)
		cookie := l.login()
		for begun := time.Now(); time.Since(begun) < idleLife; time.Sleep(beat) {
			if l.page.sessions.holds(sessionOf(withCookie(cookie)), []holder{{owners, "set"}}) {
				continue
			}
			t.Fatalf("it ended after %v", time.Since(begun))
		}
		time.Sleep(beat)
		if l.page.sessions.holds(sessionOf(withCookie(cookie)), []holder{{owners, "set"}}) {
			t.Error("looks keep it alive")
		}
	})
}

func withCookie(cookie string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody) //nolint:noctx // not sent
	r.Header.Set("Cookie", cookie)
	return r
}

// Who reads nothing is dropped, and held up nobody.
func TestSlowReaderIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLive(t)
		cookie := l.login()
		slow, quick := l.ask(cookie), l.open(cookie)
		l.must(quick)
		begun := time.Now()
		if n := l.held(); n != 2 {
			t.Fatalf("%d streams are held", n)
		}
		beats := 0
		for ; l.held() == 2; beats++ {
			if _, err := quick.next(); err != nil || time.Since(begun) > time.Minute {
				t.Fatalf("after %v: %v", time.Since(begun), err)
			}
		}
		if want := int(beatTimeout / beat); beats < want || beats > want+2 {
			t.Errorf("the other has had %d events meanwhile, want some %d", beats, want)
		}
		l.must(quick)
		if _, err := io.Copy(io.Discard, slow); err != nil {
			t.Errorf("its connection ended with %v", err)
		}
	})
}

func TestStreamsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLive(t)
		cookie := l.login()
		var open []*reader
		for range maxStreamsOfOne {
			r := l.open(cookie)
			l.must(r)
			open = append(open, r)
		}
		if r := l.open(cookie); r.code != http.StatusServiceUnavailable {
			t.Errorf("one too many of a session gets %d", r.code)
		}
		_ = open[0].Close()
		if n := l.held(); n != maxStreamsOfOne-1 {
			t.Errorf("%d are held when one has gone away", n)
		}
		if r := l.open(cookie); r.code != http.StatusOK {
			t.Errorf("there is room again, and it gets %d", r.code)
		}
		if r := l.open(cookieName + "=nobody"); r.code != http.StatusForbidden {
			t.Errorf("a stranger gets %d", r.code)
		}
		// All of this server's connections are from one address.
		var last *reader
		for n := maxStreamsOfOne; n <= maxStreamsFromOne; n++ {
			last = l.open(l.login())
		}
		if last.code != http.StatusServiceUnavailable {
			t.Errorf("one too many from an address gets %d", last.code)
		}
		if maxStreamsFromOne >= maxFromOne || maxStreams >= maxConnections {
			t.Error("streams leave no room for questions")
		}
	})
}

func TestStreamsOfAllAreBounded(t *testing.T) {
	s := newStreams()
	taken := 0
	for n := range 2 * maxStreams {
		if s.take(netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}), [32]byte{byte(n)}) {
			taken++
		}
	}
	if taken != maxStreams {
		t.Errorf("%d streams", taken)
	}
	for n := range maxStreams {
		s.leave(netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}), [32]byte{byte(n)})
	}
	if s.total != 0 || len(s.from) != 0 || len(s.of) != 0 {
		t.Errorf("after all have left: %+v", s)
	}
}

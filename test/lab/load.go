package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Load opens new connections at a fixed rate, whether or not earlier ones have
// finished: a system that stalls gets the same load as one that does not.
type Load struct {
	// Rate is in connections per second, above 0.
	Rate float64
	// Dial opens a connection. With Node.Dial it is
	// func(ctx) { return c1.Dial(ctx, "tcp", "", "10.80.0.2:80") }.
	Dial func(context.Context) (*net.TCPConn, error)
	// Do uses it and returns how many bytes of body came. See Get.
	Do func(context.Context, *net.TCPConn) (int64, error)
	// Timeout bounds one attempt, dial included; 10 s if 0.
	Timeout time.Duration
	// Reset ends each connection with RST instead of FIN, which leaves no
	// TIME_WAIT behind.
	Reset bool
}

// Attempt is one connection of a load.
type Attempt struct {
	// Due is when the schedule wanted it, Began when it was begun, Connected
	// when the handshake was done (zero if never), Ended when it was over.
	Due, Began, Connected, Ended time.Time
	// Local is the source address; zero if never connected.
	Local netip.AddrPort
	Bytes int64
	Err   error
}

// Took is the whole attempt's time; it counts from Began, so a generator that
// lags behind its schedule does not blame the system.
func (a Attempt) Took() time.Duration { return a.Ended.Sub(a.Began) }

// Running is a load under way.
type Running struct {
	cancel context.CancelFunc
	done   chan struct{}

	mu       sync.Mutex
	attempts []Attempt
}

// Start begins the load; it goes on until Stop or the end of ctx. Attempts
// already begun are then finished, within their Timeout: ending a load makes
// no failures.
func (l Load) Start(ctx context.Context) *Running {
	if l.Timeout == 0 {
		l.Timeout = 10 * time.Second
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &Running{cancel: cancel, done: make(chan struct{})}
	go r.schedule(ctx, l)
	return r
}

// Run is Start, d of load, and Stop.
func (l Load) Run(ctx context.Context, d time.Duration) Report {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	r := l.Start(ctx)
	<-ctx.Done()
	return r.Stop()
}

// schedule starts attempt i at begin + i/rate. When it wakes late it starts
// all that are due at once.
func (r *Running) schedule(ctx context.Context, l Load) {
	defer close(r.done)
	var attempts sync.WaitGroup
	defer attempts.Wait()
	begin := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i := 0; ; i++ {
		due := begin.Add(time.Duration(float64(i) / l.Rate * float64(time.Second)))
		timer.Reset(time.Until(due))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		attempts.Go(func() {
			a := l.attempt(context.WithoutCancel(ctx), due)
			r.mu.Lock()
			r.attempts = append(r.attempts, a)
			r.mu.Unlock()
		})
	}
}

// attempt is one connection from dial to close. Took ends before the close,
// which with FIN may wait for nobody.
func (l Load) attempt(ctx context.Context, due time.Time) Attempt {
	a := Attempt{Due: due, Began: time.Now()}
	ctx, cancel := context.WithTimeout(ctx, l.Timeout)
	defer cancel()
	conn, err := l.Dial(ctx)
	if err != nil {
		a.Err, a.Ended = err, time.Now()
		return a
	}
	a.Connected, a.Local = time.Now(), endpoint(conn.LocalAddr())
	if deadline, ok := ctx.Deadline(); ok {
		err = conn.SetDeadline(deadline)
	}
	if err == nil {
		a.Bytes, err = l.Do(ctx, conn)
	}
	a.Ended = time.Now()
	if l.Reset {
		err = errors.Join(err, conn.SetLinger(0))
	}
	a.Err = errors.Join(err, conn.Close())
	return a
}

// Stop begins no more attempts, waits for those under way and reports.
func (r *Running) Stop() Report {
	r.cancel()
	<-r.done
	return r.Report()
}

// Report is what has ended so far.
func (r *Running) Report() Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	return newReport(r.attempts)
}

// Get is a Do that fetches a path of an Origin on a connection of its own and
// checks every byte of /bytes/N, /chunked/N and /slow/N.
func Get(path string) func(context.Context, *net.TCPConn) (int64, error) {
	var content Content
	_, err := fmt.Sscanf(path[strings.LastIndexByte(path, '/')+1:], "%d", &content)
	known := err == nil && !strings.HasPrefix(path, "/status/")
	return func(_ context.Context, conn *net.TCPConn) (int64, error) {
		host := conn.RemoteAddr().String()
		if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, host); err != nil {
			return 0, fmt.Errorf("write request: %w", err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return 0, fmt.Errorf("read response head: %w", err)
		}
		defer resp.Body.Close()
		if !known {
			n, err := io.Copy(io.Discard, resp.Body)
			if err != nil {
				return n, fmt.Errorf("read response body: %w", err)
			}
			return n, nil
		}
		if resp.StatusCode != http.StatusOK {
			return 0, fmt.Errorf("get %s: status %d", path, resp.StatusCode)
		}
		return content.Verify(resp.Body)
	}
}

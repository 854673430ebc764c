package main

import (
	"context"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// hold opens keep-alive connections, uses each once, and asks what the proxy
// holds for those it has added: idleMore after idleFirst have warmed it up.
func (s site) hold(ctx context.Context) (work, error) {
	begin := time.Now()
	var all kept
	defer all.close()
	var held [2]int64
	for i, n := range []int{idleFirst, idleMore} {
		if err := s.open(ctx, n, &all); err != nil {
			return work{}, err
		}
		// What is let go a moment after the response is not held while idle.
		select {
		case <-ctx.Done():
			return work{}, context.Cause(ctx)
		case <-time.After(500 * time.Millisecond):
		}
		var err error
		if held[i], err = s.memory(); err != nil {
			return work{}, err
		}
	}
	// They must still be there, or nothing was held.
	for _, conn := range all.conns {
		if err := fetch(conn, "/small", smallSize, 10*time.Second); err != nil {
			return work{}, err
		}
	}
	n := int64(idleFirst + idleMore)
	return work{requests: 2 * n, bytes: 2 * n * smallSize, elapsed: time.Since(begin), held: (held[1] - held[0]) / idleMore}, nil
}

// kept are open connections, which several goroutines add to.
type kept struct {
	mu    sync.Mutex
	conns []*net.TCPConn
}

// open adds n connections, each of which has got one response.
func (s site) open(ctx context.Context, n int, all *kept) error {
	group, ctx := errgroup.WithContext(ctx)
	// A few at once, as clients come; all at once would measure the backlog.
	group.SetLimit(8)
	for range n {
		group.Go(func() error {
			conn, err := s.lab.C1.Dial(ctx, "tcp", "", addressOrigin+":"+captured.port())
			if err != nil {
				return err
			}
			// Kept before it is used: also one that fails has to be closed.
			all.mu.Lock()
			all.conns = append(all.conns, conn)
			all.mu.Unlock()
			return fetch(conn, "/small", smallSize, 10*time.Second)
		})
	}
	return group.Wait()
}

// close is for when nobody adds any more.
func (k *kept) close() {
	for _, conn := range k.conns {
		_ = conn.Close()
	}
}

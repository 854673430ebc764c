package main

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// download fetches the large file over and over on bulkConnections keep-alive
// connections. A body begun is finished, so the time may be a little more.
func (s site) download(ctx context.Context, d time.Duration, w way) (work, error) {
	var bodies atomic.Int64
	// The first failure ends the other connections too: what has been done until
	// then is no figure.
	group, ctx := errgroup.WithContext(ctx)
	begin := time.Now()
	for range bulkConnections {
		group.Go(func() error {
			conn, err := s.lab.C1.Dial(ctx, "tcp", "", addressOrigin+":"+w.port())
			if err != nil {
				return err
			}
			defer conn.Close()
			// Closing wakes a read that would else wait for its deadline.
			defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
			for first := true; first || time.Since(begin) < d; first = false {
				if err := fetch(conn, "/large", largeSize, d+20*time.Second); err != nil {
					return err
				}
				bodies.Add(1)
			}
			return nil
		})
	}
	err := group.Wait()
	n := bodies.Load()
	return work{requests: n, bytes: n * largeSize, elapsed: time.Since(begin)}, err
}

// fetch makes one request on an open connection, wants a body of size bytes
// with Content-Length, and throws it away.
func fetch(conn *net.TCPConn, path string, size int64, timeout time.Duration) error {
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return fmt.Errorf("fetch %s: %w", path, err)
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, addressOrigin); err != nil {
		return fmt.Errorf("fetch %s: %w", path, err)
	}
	early, err := readHead(conn, size)
	if err != nil {
		return fmt.Errorf("fetch %s: %w", path, err)
	}
	if err := discard(conn, size-early); err != nil {
		return fmt.Errorf("fetch %s: read body: %w", path, err)
	}
	return nil
}

// discard takes n bytes off the connection without copying them to user space
// (MSG_TRUNC, tcp(7)), so that the client costs as little as it can.
func discard(conn *net.TCPConn, n int64) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	// Nothing is written into it; its size bounds what one call takes.
	buf := make([]byte, 1<<20)
	for n > 0 {
		var got int
		var recv error
		err := raw.Read(func(fd uintptr) bool {
			got, _, recv = unix.Recvfrom(int(fd), buf[:min(n, int64(len(buf)))], unix.MSG_TRUNC)
			return recv != unix.EAGAIN // false: wait until there is more
		})
		switch {
		case err != nil:
			return err
		case recv == unix.EINTR:
		case recv != nil:
			return recv
		case got == 0:
			return fmt.Errorf("the connection ended %d bytes early", n)
		}
		n -= int64(max(got, 0))
	}
	return nil
}

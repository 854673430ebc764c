package script

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// end plays one of the two scripts.
type end struct {
	name     string
	conn     *net.TCPConn
	cut      Cut
	patience time.Duration
	play     *play

	written  atomic.Int64 // bytes of the last send
	sent     chan error   // of the background send, nil if there is none
	left     bool         // what was to be sent may be lost: there was a reset
	finished bool         // we sent FIN
	over     bool         // FIN or a reset came, or we closed
	at       atomic.Int64 // line of the step being played
	scratch  [32 << 10]byte
	wanted   [32 << 10]byte
}

// run plays steps, and then checks what the script left open.
func (e *end) run(ctx context.Context, steps []step) error {
	for _, s := range steps {
		e.at.Store(int64(s.line))
		if err := e.step(ctx, s); err != nil {
			return e.play.error(s.line, e.name, string(s.verb), err)
		}
	}
	if err := e.leave(ctx); err != nil {
		return e.play.error(int(e.at.Load()), e.name, "at the end of the script", err)
	}
	return nil
}

// leave ends what the script did not: nothing more may come than the end.
func (e *end) leave(ctx context.Context) error {
	if e.sent != nil && !e.left {
		if err := e.awaitSent(ctx); err != nil {
			return err
		}
	}
	if !e.finished && !e.left {
		e.finished = true
		if err := e.conn.CloseWrite(); err != nil {
			return fmt.Errorf("send FIN: %w", err)
		}
	}
	if !e.over {
		return e.expectEnd(io.EOF)
	}
	return nil
}

func (e *end) step(ctx context.Context, s step) error {
	// A failure of the other end has passed the deadline for good.
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	switch s.verb {
	case send:
		if err := e.background(ctx, s.items); err != nil {
			return err
		}
		return e.awaitSent(ctx)
	case startSend:
		return e.background(ctx, s.items)
	case expectSent:
		return e.awaitSent(ctx)
	case expectStall:
		return e.stall(ctx, s.size)
	case expect:
		return e.expect(s.items)
	case expectFIN:
		return e.expectEnd(io.EOF)
	case expectReset:
		if e.over {
			return e.expectCut(ctx)
		}
		return e.expectEnd(unix.ECONNRESET)
	case barrier:
		return e.play.meet(ctx, s.name, e.patience)
	case pause:
		return wait(ctx, s.pause)
	case verdict:
		return e.play.verdict(ctx, s.name, e.patience)
	case closeWrite, reset, closeAll, closeUnread:
	}
	return e.finish(ctx, s.verb)
}

// finish ends the connection, or this direction of it.
func (e *end) finish(ctx context.Context, how verb) error {
	if how == closeWrite {
		e.finished = true
		return e.conn.CloseWrite()
	}
	if e.sent == nil {
		// A reset throws away what is not acknowledged, on any wire.
		if err := e.await(ctx, unix.SIOCOUTQ, func(n int) bool { return n == 0 }); err != nil {
			return fmt.Errorf("wait for what was sent to be acknowledged: %w", err)
		}
	}
	if how == closeUnread {
		if err := e.await(ctx, unix.SIOCINQ, func(n int) bool { return n > 0 }); err != nil {
			return fmt.Errorf("wait for bytes to leave unread: %w", err)
		}
	}
	if how == reset {
		if err := e.conn.SetLinger(0); err != nil {
			return err
		}
	}
	e.left, e.over = true, true
	return e.conn.Close()
}

// await waits until the kernel's count of bytes, those that came and were not
// read (SIOCINQ) or those that are not acknowledged (SIOCOUTQ), is as wanted.
func (e *end) await(ctx context.Context, count uint, wanted func(bytes int) bool) error {
	raw, err := e.conn.SyscallConn()
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(e.patience); ; {
		n := 0
		failed := raw.Control(func(fd uintptr) { n, err = unix.IoctlGetInt(int(fd), count) })
		if err := errors.Join(failed, err); err != nil || wanted(n) {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("there are %d", n)
		}
		if err := wait(ctx, time.Millisecond); err != nil {
			return err
		}
	}
}

// background starts a send.
func (e *end) background(ctx context.Context, list items) error {
	if e.sent != nil {
		if err := e.awaitSent(ctx); err != nil {
			return err
		}
	}
	e.written.Store(0)
	done := make(chan error, 1)
	e.sent = done
	line := uint64(e.at.Load())
	e.play.senders.Go(func() {
		err := e.cut.copy(e.conn, list.reader(), line, func(n int) { e.written.Add(int64(n)) })
		if err != nil {
			err = fmt.Errorf("after %d of %d bytes: %w", e.written.Load(), list.length(), err)
		}
		done <- err
	})
	return nil
}

// awaitSent waits until the send that runs is over.
func (e *end) awaitSent(ctx context.Context) error {
	if e.sent == nil {
		return errors.New("nothing is being sent")
	}
	sent := e.sent
	e.sent = nil
	for before := e.written.Load(); ; {
		select {
		case err := <-sent:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(e.patience):
			if now := e.written.Load(); now != before {
				before = now
				continue
			}
			return fmt.Errorf("stands still after %d bytes", before)
		}
	}
}

// stillFor is how long a send must not move to be called still.
const stillFor = 150 * time.Millisecond

// stall waits until the send that runs moves no more, which must be before it
// has sent limit bytes.
func (e *end) stall(ctx context.Context, limit int64) error {
	if e.sent == nil {
		return errors.New("nothing is being sent")
	}
	for before := int64(-1); ; {
		now := e.written.Load()
		switch {
		case now >= limit || len(e.sent) > 0:
			return fmt.Errorf("%d bytes were taken while nobody reads, want less than %d", now, limit)
		case now == before:
			return nil
		}
		before = now
		if err := wait(ctx, stillFor); err != nil {
			return err
		}
	}
}

// expect reads exactly the bytes of list.
func (e *end) expect(list items) error {
	want, total := list.reader(), list.length()
	for done := int64(0); done < total; {
		n, err := e.read(e.scratch[:min(int64(len(e.scratch)), total-done)])
		got, expected := e.scratch[:n], e.wanted[:n]
		_, _ = io.ReadFull(want, expected)
		if !bytes.Equal(got, expected) {
			at := 0
			for got[at] == expected[at] {
				at++
			}
			return fmt.Errorf("byte %d of %d: got %q, want %q", done+int64(at), total, clip(got[at:]), clip(expected[at:]))
		}
		done += int64(n)
		if err != nil && done < total {
			missing := e.wanted[:min(int64(len(e.wanted)), total-done)]
			_, _ = io.ReadFull(want, missing)
			return fmt.Errorf("after %d of %d bytes: %w, want %q", done, total, err, clip(missing))
		}
	}
	return nil
}

// expectEnd checks that the next thing is an end of that kind.
func (e *end) expectEnd(want error) error {
	n, err := e.read(e.scratch[:])
	if n > 0 {
		return fmt.Errorf("got %q, want %s", clip(e.scratch[:n]), endName(want))
	}
	if !errors.Is(err, want) {
		return fmt.Errorf("%s, want %s", endName(err), endName(want))
	}
	e.over = true
	e.left = e.left || errors.Is(err, unix.ECONNRESET)
	return nil
}

// expectCut waits for a reset behind a FIN: reads would show the FIN again.
func (e *end) expectCut(ctx context.Context) error {
	if e.finished {
		return errors.New("both ends have sent FIN, and nothing tells a reset from that")
	}
	for deadline := time.Now().Add(e.patience); !e.closed(); {
		if time.Now().After(deadline) {
			return errors.New("nothing came, want a reset")
		}
		if err := wait(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	e.left = true
	return nil
}

// read reads once. A reset that a write was told of is not told again: then the
// read shows an end, and only the state of the socket says which.
func (e *end) read(b []byte) (int, error) {
	if err := e.conn.SetReadDeadline(time.Now().Add(e.patience)); err != nil {
		return 0, err
	}
	if e.play.failed.Load() {
		return 0, errors.New("given up")
	}
	n, err := e.conn.Read(b)
	if errors.Is(err, io.EOF) && !e.finished && e.closed() {
		err = unix.ECONNRESET
	}
	return n, err
}

// closed reports whether the connection is gone, which behind a FIN it would not
// be as long as we sent none.
func (e *end) closed() bool {
	raw, err := e.conn.SyscallConn()
	if err != nil {
		return false
	}
	gone := false
	_ = raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		gone = err == nil && info.State == tcpClose
	})
	return gone
}

// tcpClose is TCP_CLOSE of include/net/tcp_states.h.
const tcpClose = 7

func endName(err error) string {
	switch {
	case errors.Is(err, io.EOF):
		return "FIN"
	case errors.Is(err, unix.ECONNRESET):
		return "a reset"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "nothing came"
	}
	return err.Error()
}

// clip shortens what is shown.
func clip(b []byte) []byte {
	const most = 300
	if len(b) > most {
		return append(b[:most:most], "..."...)
	}
	return b
}

package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// RawExchange writes send and reads until done says that the bytes so far are
// the whole answer, which it returns. With done nil it reads to the end of the
// stream. What came before an error is returned too. The context's deadline
// bounds both; writing and reading go on at the same time, as they must when
// the other end answers early.
func RawExchange(ctx context.Context, conn net.Conn, send []byte, done func([]byte) bool) ([]byte, error) {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	written := make(chan error, 1)
	go func() {
		_, err := conn.Write(send)
		written <- err
	}()
	got, err := readUntil(conn, done)
	if err != nil {
		// A write that still waits must not outlive the call.
		_ = conn.SetWriteDeadline(time.Unix(1, 0))
	}
	if werr := <-written; werr != nil && err == nil {
		err = fmt.Errorf("write request: %w", werr)
	}
	if ctx.Err() != nil && err != nil {
		err = errors.Join(context.Cause(ctx), err)
	}
	if err != nil {
		return got, fmt.Errorf("exchange raw bytes, %d sent, %d received: %w", len(send), len(got), err)
	}
	return got, nil
}

// readUntil reads until done is content; the end of the stream is an error
// unless nothing was missing.
func readUntil(r io.Reader, done func([]byte) bool) ([]byte, error) {
	var got []byte
	buf := make([]byte, 64<<10)
	for {
		if done != nil && done(got) {
			return got, nil
		}
		n, err := r.Read(buf)
		got = append(got, buf[:n]...)
		if err == io.EOF && (done == nil || done(got)) {
			return got, nil
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return got, fmt.Errorf("read response: %w", err)
		}
	}
}

// Bytes is a done function for RawExchange: n bytes are the whole answer.
func Bytes(n int) func([]byte) bool {
	return func(got []byte) bool { return len(got) >= n }
}

package accesslog

import (
	"bytes"
	"context"
	"strconv"
)

// terminated ends messages with a line feed, to tell them apart in a chunk.
type terminated struct{ format }

func (t *terminated) Append(dst []byte, r *Record) []byte {
	return append(t.format.Append(dst, r), '\n')
}

// datagrams is the output to a collector over UDP, one message each (RFC 5426).
type datagrams struct{ connection }

func (d *datagrams) count(lines []byte) int { return bytes.Count(lines, []byte("\n")) }

func (d *datagrams) write(ctx context.Context, lines []byte) (rest []byte, err error) {
	if err := d.open(ctx); err != nil {
		return lines, err
	}
	for len(lines) > 0 {
		message, rest, _ := bytes.Cut(lines, []byte("\n"))
		if _, err := d.send(message); err != nil {
			return lines, err
		}
		lines = rest
	}
	return nil, nil
}

// counted puts the length before each message (RFC 6587, 3.4.1).
type counted struct {
	format  format
	message []byte
}

func (c *counted) Append(dst []byte, r *Record) []byte {
	c.message = c.format.Append(c.message[:0], r)
	dst = strconv.AppendInt(dst, int64(len(c.message)), 10)
	dst = append(dst, ' ')
	return append(dst, c.message...)
}

// frameLen is the length of the counted message that frames begins with.
func frameLen(frames []byte) int {
	i := bytes.IndexByte(frames, ' ')
	n, err := strconv.Atoi(string(frames[:max(i, 0)]))
	if err != nil {
		return len(frames) // never: counted wrote it
	}
	return i + 1 + n
}

// wholeFrames is how many of the first n bytes are whole messages.
func wholeFrames(frames []byte, n int) (whole int) {
	for whole < n {
		next := whole + frameLen(frames[whole:])
		if next > n {
			break
		}
		whole = next
	}
	return whole
}

// stream is the output to a collector over TCP.
type stream struct{ connection }

func (s *stream) count(frames []byte) (n int) {
	for len(frames) > 0 {
		frames = frames[frameLen(frames):]
		n++
	}
	return n
}

// write sends counted messages. One that was sent in part is sent again as a
// whole on the next connection: the collector cannot have understood the part.
func (s *stream) write(ctx context.Context, frames []byte) (rest []byte, err error) {
	if s.conn != nil && ended(s.conn) {
		_ = s.close()
	}
	if err := s.open(ctx); err != nil {
		return frames, err
	}
	if n, err := s.send(frames); err != nil {
		return frames[wholeFrames(frames, n):], err
	}
	return nil, nil
}

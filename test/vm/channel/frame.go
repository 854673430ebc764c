package channel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Kind says what a frame's body is.
type Kind byte

// The frames, in the order in which they come: one Ready, any Output, any Archive, one Exit. Fault stands in the place
// of everything that was still to come.
const (
	KindReady   Kind = 'R' // Ready, as JSON
	KindOutput  Kind = 'O' // bytes of the program's standard output and error
	KindArchive Kind = 'A' // bytes of a tar archive of OutDir
	KindExit    Kind = 'X' // Exit, as JSON
	KindFault   Kind = 'F' // one line: what the guest could not do
)

// MaxBody bounds a frame's body, in bytes.
const MaxBody = 64 << 10

// headLen is a kind and a body length, big-endian.
const headLen = 5

// ErrFrame reports bytes that are no frame.
var ErrFrame = errors.New("malformed frame")

// Writer sends frames. Its methods may be called by several goroutines.
type Writer struct {
	mu sync.Mutex
	w  io.Writer
}

// NewWriter gives a Writer on w.
func NewWriter(w io.Writer) *Writer {
	return &Writer{w: w}
}

// Send writes body as one frame, or as several of the same kind when it is longer than MaxBody.
func (w *Writer) Send(kind Kind, body []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		part := body[:min(len(body), MaxBody)]
		// Head and body leave in one write, so that a frame is whole or absent when the machine dies.
		frame := make([]byte, headLen, headLen+len(part))
		frame[0] = byte(kind)
		binary.BigEndian.PutUint32(frame[1:], uint32(len(part)))
		if _, err := w.w.Write(append(frame, part...)); err != nil {
			return fmt.Errorf("send frame: %w", err)
		}
		body = body[len(part):]
		if len(body) == 0 {
			return nil
		}
	}
}

// Stream gives an io.Writer whose bytes are sent as frames of one kind.
func (w *Writer) Stream(kind Kind) io.Writer {
	return stream{w, kind}
}

// stream is a Writer bound to one kind.
type stream struct {
	w    *Writer
	kind Kind
}

// Write sends p at once. An empty p sends nothing.
func (s stream) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := s.w.Send(s.kind, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Read reads one frame. At the end of the stream between frames it returns io.EOF, within one io.ErrUnexpectedEOF.
func Read(r io.Reader) (Kind, []byte, error) {
	var head [headLen]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	size := binary.BigEndian.Uint32(head[1:])
	// The other end may be a crashing kernel: believe no length.
	if size > MaxBody {
		return 0, nil, fmt.Errorf("read frame %q of %d bytes: %w", head[0], size, ErrFrame)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(r, body); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return 0, nil, err
	}
	return Kind(head[0]), body, nil
}

package link

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// maxLine bounds one message, in bytes, newline included.
const maxLine = 4 << 20

// writeTimeout is how long a peer may leave its socket buffer full.
const writeTimeout = time.Second

// ErrClosed says that the link has ended, most often because the peer has.
var ErrClosed = errors.New("control link is closed")

// Handler answers one request. It runs on the link's reading goroutine and so
// must be quick. A nil result is sent as null.
type Handler func(params json.RawMessage) (result any, err error)

// message is a request if it has a method, else the reply with that id.
// A request with id 0 wants no reply.
type message struct {
	ID     uint64          `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  string          `json:"error,omitempty"`
}

// Conn is one end of a control link.
type Conn struct {
	conn   net.Conn
	reader *bufio.Reader

	writing sync.Mutex

	mu      sync.Mutex
	last    uint64                  // the newest request id
	waiting map[uint64]chan message // callers by request id; nil once the link has ended
}

// Pair makes a link: this process's end, and a descriptor for the child to
// inherit, blocking and close-on-exec, which the caller closes.
func Pair() (*Conn, int, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, -1, fmt.Errorf("make control link: %w", err)
	}
	c, err := Open(fds[0])
	if err != nil {
		_ = unix.Close(fds[1])
		return nil, -1, err
	}
	return c, fds[1], nil
}

// Open takes ownership of an inherited descriptor.
func Open(fd int) (*Conn, error) {
	file := os.NewFile(uintptr(fd), "control link")
	if file == nil {
		return nil, fmt.Errorf("open control link: descriptor %d: %w", fd, unix.EBADF)
	}
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, fmt.Errorf("open control link: descriptor %d: %w", fd, err)
	}
	return &Conn{conn: conn, reader: bufio.NewReader(conn), waiting: make(map[uint64]chan message)}, nil
}

// Close ends the link. Calls that wait return ErrClosed.
func (c *Conn) Close() error { return c.conn.Close() }

// EndWithin has Run end when all that the peer has said is heard, or after longest: the
// peer is gone, and somebody else may hold its end.
func (c *Conn) EndWithin(longest time.Duration) { _ = c.conn.SetReadDeadline(time.Now().Add(longest)) }

// SendSettings writes the first line.
func (c *Conn) SendSettings(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode settings: %w", err)
	}
	return c.write(line)
}

// ReadSettings reads the first line into v. Call it once, before Run.
func (c *Conn) ReadSettings(v any) error {
	line, err := c.readLine()
	if err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	if err := json.Unmarshal(line, v); err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	return nil
}

// Notify calls a method of the peer and wants no reply.
func (c *Conn) Notify(method string, params any) error {
	return c.send(message{Method: method}, params)
}

// Call calls a method of the peer and decodes its result, unless result is
// nil. Somebody must be in Run. It returns ErrClosed when the link ends first.
func (c *Conn) Call(ctx context.Context, method string, params, result any) error {
	reply := make(chan message, 1)
	id, err := c.expect(reply)
	if err != nil {
		return fmt.Errorf("call %s: %w", method, err)
	}
	defer c.forget(id)
	if err := c.send(message{ID: id, Method: method}, params); err != nil {
		return fmt.Errorf("call %s: %w", method, err)
	}
	select {
	case <-ctx.Done():
		return fmt.Errorf("call %s: %w", method, context.Cause(ctx))
	case m, ok := <-reply:
		switch {
		case !ok:
			return fmt.Errorf("call %s: %w", method, ErrClosed)
		case m.Error != "":
			return fmt.Errorf("call %s: %s", method, m.Error)
		case result == nil:
			return nil
		}
		if err := json.Unmarshal(m.Result, result); err != nil {
			return fmt.Errorf("decode result of %s: %w", method, err)
		}
		return nil
	}
}

// Run reads the link until it ends and answers requests by handlers. It
// returns nil when the peer has closed its end, or EndWithin is over, and closes this one.
func (c *Conn) Run(handlers map[string]Handler) error {
	defer c.end()
	for {
		line, err := c.readLine()
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, unix.ECONNRESET):
			return nil
		case err != nil:
			return fmt.Errorf("read control link: %w", err)
		}
		var m message
		if err := json.Unmarshal(line, &m); err != nil {
			return fmt.Errorf("read control link: %w", err)
		}
		if m.Method == "" {
			c.deliver(m)
			continue
		}
		if err := c.answer(m, handlers[m.Method]); err != nil {
			return err
		}
	}
}

func (c *Conn) answer(m message, handle Handler) error {
	reply := message{ID: m.ID}
	var result any
	if handle == nil {
		reply.Error = fmt.Sprintf("no method %q", m.Method)
	} else if got, err := handle(m.Params); err != nil {
		reply.Error = err.Error()
	} else {
		result = got
	}
	if m.ID == 0 {
		return nil
	}
	body, err := json.Marshal(result)
	if err != nil {
		return fmt.Errorf("encode result of %s: %w", m.Method, err)
	}
	reply.Result = body
	return c.writeMessage(reply)
}

func (c *Conn) send(m message, params any) error {
	if params != nil {
		body, err := json.Marshal(params)
		if err != nil {
			return fmt.Errorf("encode parameters: %w", err)
		}
		m.Params = body
	}
	return c.writeMessage(m)
}

func (c *Conn) writeMessage(m message) error {
	line, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode message: %w", err)
	}
	return c.write(line)
}

func (c *Conn) write(line []byte) error {
	if len(line) >= maxLine {
		return fmt.Errorf("write control link: a message of %d bytes is over %d", len(line), maxLine)
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	_ = c.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := c.conn.Write(append(line, '\n')); err != nil {
		// Half a line may be out: nothing after it could be understood.
		_ = c.conn.Close()
		return fmt.Errorf("write control link: %w", err)
	}
	return nil
}

// readLine returns one line without its end. A line that the peer's death cut
// short is an end, not a message.
func (c *Conn) readLine() ([]byte, error) {
	var line []byte
	for {
		part, err := c.reader.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return nil, fmt.Errorf("a message is over %d bytes", maxLine)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return line[:len(line)-1], nil
	}
}

func (c *Conn) expect(reply chan message) (uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting == nil {
		return 0, ErrClosed
	}
	c.last++
	c.waiting[c.last] = reply
	return c.last, nil
}

func (c *Conn) forget(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, id)
}

// deliver drops a reply that nobody waits for any longer.
func (c *Conn) deliver(m message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if reply, ok := c.waiting[m.ID]; ok {
		delete(c.waiting, m.ID)
		reply <- m
	}
}

func (c *Conn) end() {
	_ = c.conn.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, reply := range c.waiting {
		close(reply)
	}
	c.waiting = nil
}

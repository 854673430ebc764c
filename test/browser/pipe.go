package browser

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// pipe is the DevTools protocol as --remote-debugging-pipe speaks it: JSON, each
// message ended by a zero byte.
type pipe struct {
	to   io.WriteCloser
	from io.ReadCloser

	mu      sync.Mutex
	last    int
	waiting map[int]chan message
	ended   error
}

// message is a question, an answer, or an event, which nobody here waits for.
type message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// newPipe gives the two files that are the browser's descriptors 3 and 4.
func newPipe() (p *pipe, theirs [2]*os.File, err error) {
	theirRead, ourWrite, err := os.Pipe()
	if err != nil {
		return nil, theirs, fmt.Errorf("make pipe to browser: %w", err)
	}
	ourRead, theirWrite, err := os.Pipe()
	if err != nil {
		return nil, theirs, errors.Join(fmt.Errorf("make pipe to browser: %w", err), theirRead.Close(), ourWrite.Close())
	}
	return &pipe{to: ourWrite, from: ourRead, waiting: make(map[int]chan message)}, [2]*os.File{theirRead, theirWrite}, nil
}

// read passes answers on until the browser has ended.
func (p *pipe) read() {
	reader := bufio.NewReader(p.from)
	for {
		text, err := reader.ReadBytes(0)
		var m message
		if err == nil {
			err = json.Unmarshal(text[:len(text)-1], &m)
		}
		p.mu.Lock()
		if err != nil {
			p.ended = fmt.Errorf("read from browser: %w", err)
			for _, answer := range p.waiting {
				close(answer)
			}
			p.waiting = nil
			p.mu.Unlock()
			return
		}
		if answer := p.waiting[m.ID]; answer != nil {
			answer <- m // has room
			delete(p.waiting, m.ID)
		}
		p.mu.Unlock()
	}
}

// call asks the browser and reads its answer into result, which may be nil.
func (p *pipe) call(ctx context.Context, session, method string, params, result any) error {
	answer := make(chan message, 1)
	p.mu.Lock()
	if p.ended != nil {
		defer p.mu.Unlock()
		return p.ended
	}
	p.last++
	id := p.last
	p.waiting[id] = answer
	text, err := json.Marshal(message{ID: id, Session: session, Method: method, Params: params})
	if err == nil {
		_, err = p.to.Write(append(text, 0))
	}
	p.mu.Unlock()
	if err != nil {
		return fmt.Errorf("ask browser %s: %w", method, err)
	}
	select {
	case m, ok := <-answer:
		switch {
		case !ok:
			return fmt.Errorf("ask browser %s: it has ended", method)
		case m.Error != nil:
			return fmt.Errorf("ask browser %s: %s", method, m.Error.Message)
		case result == nil:
			return nil
		}
		if err := json.Unmarshal(m.Result, result); err != nil {
			return fmt.Errorf("read answer to %s: %w", method, err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("ask browser %s: %w", method, ctx.Err())
	}
}

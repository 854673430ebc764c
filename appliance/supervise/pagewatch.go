package supervise

import (
	"context"
	"errors"
	"time"

	"limpid/appliance/child"
)

// How the page's process is looked at. Nobody is in a hurry: the wire does not need
// it, and a processor that is busy with the wire may leave it none for a while.
const (
	pingEvery   = 5 * time.Second
	pingTimeout = 10 * time.Second
	pingsMissed = 2 // in a row, and it hangs
)

// lastAnswer is when the page's process was last heard; one that was never asked has none.
func (p *page) lastAnswer() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.answered
}

func (p *page) noteAnswer() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answered = time.Now()
}

// watch kills a process that lives and does not answer, so that it is started again.
func (p *page) watch(ctx context.Context) {
	missed := 0
	for ctx.Err() == nil {
		wait(ctx, pingEvery, nil)
		if p.keeper.peer() == nil {
			missed = 0 // it does not run
			continue
		}
		asking, cancel := context.WithTimeoutCause(ctx, pingTimeout, errors.New("no answer in time"))
		err := p.keeper.call(asking, child.MethodPing, struct{}{}, nil)
		cancel()
		if err == nil {
			p.noteAnswer()
		}
		if err == nil || ctx.Err() != nil {
			missed = 0
			continue
		}
		if missed++; missed >= pingsMissed {
			missed = 0
			p.keeper.kill("it does not answer")
		}
	}
}

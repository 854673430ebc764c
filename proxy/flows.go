package proxy

import (
	"slices"
	"time"
)

// answerWait is how long a loop may take to describe its flows.
const answerWait = time.Second

// Flows describes all flows, oldest first. Those of a loop that does not answer
// within a second are left out. Any goroutine may call it.
func (p *Proxy) Flows() []FlowInfo {
	all := []FlowInfo{}
	for _, flows := range ask(p, func(s *server) []FlowInfo { return s.worker.Flows() }) {
		all = append(all, flows...)
	}
	slices.SortFunc(all, func(a, b FlowInfo) int { return a.Started.Compare(b.Started) })
	return all
}

// Reset resets both connections of the flow with the given ID, and reports
// whether there was one. Any goroutine may call it.
func (p *Proxy) Reset(id uint64) bool {
	return slices.Contains(ask(p, func(s *server) bool { return s.worker.Reset(id) }), true)
}

// ask calls f on each loop's goroutine and collects the answers.
func ask[T any](p *Proxy, f func(*server) T) []T {
	p.mu.Lock()
	servers := p.servers
	p.mu.Unlock()
	answers := make(chan T, len(servers))
	for _, s := range servers {
		s.loop.Post(func() { answers <- f(s) })
	}
	late := time.After(answerWait)
	var all []T
	for range servers {
		select {
		case answer := <-answers:
			all = append(all, answer)
		case <-late:
			return all
		}
	}
	return all
}

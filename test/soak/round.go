package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// round is one load from its first connection to its last.
type round struct {
	*soak
	name   string
	large  int64         // limit of large bodies, in bytes
	every  time.Duration // about how long a connection rests between two uses
	stop   chan struct{} // closed for the clients to end in order
	opened sync.WaitGroup
	tally  *tally
	most   uint64 // flows that limpid held at a time
}

func (r *round) stopping() bool {
	select {
	case <-r.stop:
		return true
	default:
		return false
	}
}

// run opens connections one after the other, lets all of them live for a time
// and ends them in order. It returns when the last has ended.
func (r *round) run(ctx context.Context, habits []habit, connections int, d time.Duration, meanwhile func(context.Context)) error {
	begun := time.Now()
	r.stop = make(chan struct{})
	if r.rate > 0 {
		r.every = time.Duration(float64(connections) / r.rate * float64(time.Second))
	}
	list := share(habits, connections)
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	var clients sync.WaitGroup
	r.opened.Add(len(list))
	pace := time.NewTicker(time.Duration(float64(time.Second) / r.openRate))
	defer pace.Stop()
	for i, h := range list {
		select {
		case <-pace.C:
		case <-ctx.Done():
			close(r.stop)
			clients.Wait()
			return context.Cause(ctx)
		}
		c := &client{round: r, number: i, habit: h, source: r.sources[i%len(r.sources)], random: rand.New(rand.NewPCG(r.seed, uint64(i)))}
		c.target = r.targets.pick(c.source, i/len(r.sources), h.banner)
		clients.Go(func() { c.live(ctx) })
	}
	r.opened.Wait()
	r.say("%s: %d connections from %d addresses opened in %v", r.name, connections, len(r.sources), time.Since(begun).Round(time.Second))
	r.watch(ctx, d, meanwhile)
	close(r.stop)
	clients.Wait()
	r.say("%s: ended after %v: %v; at most %d flows at a time", r.name, time.Since(begun).Round(time.Second), r.tally.total(), r.most)
	return context.Cause(ctx)
}

// watch passes the time, tells how far things are, and keeps count of flows.
func (r *round) watch(ctx context.Context, d time.Duration, meanwhile func(context.Context)) {
	limited, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var beside sync.WaitGroup
	defer beside.Wait()
	if meanwhile != nil {
		beside.Go(func() { meanwhile(limited) })
	}
	for n := 1; ; n++ {
		if s, err := r.limpid.Status(ctx); err == nil {
			r.most = max(r.most, s.Flows.Active)
			if n%6 == 0 {
				r.say("%s: %v; %d flows, %s", r.name, r.tally.total(), s.Flows.Active, s.Mode)
			}
		}
		select {
		case <-limited.Done():
			return
		case <-time.After(min(5*time.Second, d/4)):
		}
	}
}

// deadline bounds what is about to be done.
func (c *client) deadline(conn *clientConn) {
	_ = conn.SetDeadline(time.Now().Add(c.patience))
}

// targets are the servers.
type targets struct{ http4, http6, banner4, banner6 []string }

func (t targets) pick(source string, n int, banner bool) string {
	list := t.http4
	switch v6 := isV6(source); {
	case v6 && banner:
		list = t.banner6
	case v6:
		list = t.http6
	case banner:
		list = t.banner4
	}
	return list[n%len(list)]
}

func isV6(address string) bool {
	for _, r := range address {
		if r == ':' {
			return true
		}
	}
	return false
}

func (s *soak) say(format string, args ...any) {
	fmt.Fprintf(s.out, "%s %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}

package main

import (
	"context"
	"time"

	"limpid/test/lab"
)

const (
	clientConnections = 50   // of wrk, and of our own client
	bulkConnections   = 2    // one for each core of a small box
	idleFirst         = 200  // connections that warm the proxy up
	idleMore          = 4000 // connections whose memory is measured
	smallSize         = 1 << 10
	largeSize         = 256 << 20
	// Rates of the loads that keep one: requests, and connections, a second.
	rateLow, rateHigh, rateNew = 500, 2000, 200
)

// way says whether a load's port is intercepted.
type way int

const (
	captured way = iota
	past         // bridged, whatever the box does with port 80
)

func (w way) port() string {
	if w == captured {
		return "80"
	}
	return "8081"
}

// load is traffic from c1 to the origin.
type load struct {
	key string
	way way
	// pinned: the box has one core of its own, everybody else the others.
	pinned bool
	run    func(context.Context, site) (work, error)
}

// site is where a load runs. memory is what the subject holds just now.
type site struct {
	lab    *lab.Lab
	origin *origin
	memory func() (int64, error)
}

// work is what a load got done.
type work struct {
	requests, bytes, failed int64
	elapsed                 time.Duration
	p99                     time.Duration // of wrk's requests
	held                    int64         // bytes a connection, of idle alone

	// Of our own client alone.
	times []time.Duration // of each request, since it was due
	// Connections that were reset, and that took longer than stalled; the longest.
	resets, stalls int64
	longest        time.Duration
}

// Keys of loads, as in -loads, and where they go: s1, on the subnet of clients
// and box, so that no router's work is in the way.
const (
	keyIdle       = "idle"
	keyKeepAlive  = "keep-alive"
	keyNew        = "new"
	keyBulk       = "bulk"
	keyPacedLow   = "paced-500"
	keyPacedHigh  = "paced-2000"
	keyPacedNew   = "paced-new"
	keyPastSmall  = "past-small"
	keyPastBulk   = "past-bulk"
	keyPinned     = "pinned-keep-alive"
	keyPinnedBulk = "pinned-bulk"
	addressOrigin = "10.77.0.101"
)

// loadKeys are all, in the order in which they run.
func loadKeys() []string {
	return []string{
		keyIdle, keyKeepAlive, keyNew, keyBulk, keyPacedLow, keyPacedHigh, keyPacedNew, keyPastSmall, keyPastBulk, keyPinned, keyPinnedBulk,
	}
}

// load is the one of a key.
func (p plan) load(key string) load {
	l := load{key: key}
	switch key {
	// idle comes first, in a process that has done nothing yet: what a load before it had left in its heap would hide
	// what connections need.
	case keyIdle:
		l.run = func(ctx context.Context, s site) (work, error) { return s.hold(ctx) }
	// The cost of a request alone: connections are made at the start.
	case keyKeepAlive, keyPastSmall, keyPinned:
		if key == keyPastSmall {
			l.way = past
		}
		l.pinned = key == keyPinned
		l.run = func(ctx context.Context, s site) (work, error) { return s.wrk(ctx, p.duration, l.way) }
	// The cost of a connection: handshake, one request and the end, on both sides of the proxy.
	case keyNew:
		l.run = func(ctx context.Context, s site) (work, error) {
			return s.churn(ctx, pace{width: p.crowd, fresh: true, d: p.duration})
		}
	// The cost of bytes: connections and heads do not count beside them.
	case keyBulk, keyPastBulk, keyPinnedBulk:
		if key == keyPastBulk {
			l.way = past
		}
		l.pinned = key == keyPinnedBulk
		l.run = func(ctx context.Context, s site) (work, error) { return s.download(ctx, p.duration, l.way) }
	// What somebody waits for who is not alone, but has not come to a crowd.
	case keyPacedLow:
		l.run = p.paced(pace{rate: rateLow, width: clientConnections})
	case keyPacedHigh:
		l.run = p.paced(pace{rate: rateHigh, width: clientConnections})
	case keyPacedNew:
		l.run = p.paced(pace{rate: p.rateNew, fresh: true})
	}
	return l
}

// paced is a load at a fixed rate.
func (p plan) paced(at pace) func(context.Context, site) (work, error) {
	at.d = p.duration
	return func(ctx context.Context, s site) (work, error) { return s.drive(ctx, at) }
}

// loads are those of some keys.
func (p plan) loads(keys ...string) (list []load) {
	for _, key := range keys {
		list = append(list, p.load(key))
	}
	return list
}

package main

import (
	"context"
	"time"

	"limpid/test/lab"
)

const (
	clientConnections = 50   // of wrk
	bulkConnections   = 2    // one for each core of a small box
	idleFirst         = 200  // connections that warm the proxy up
	idleMore          = 2000 // connections whose memory is measured
	smallSize         = 1 << 10
	largeSize         = 256 << 20
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
	run func(context.Context, site) (work, error)
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
	p50, p99                time.Duration // of wrk's requests
	held                    int64         // bytes a connection, of idle alone
}

// Keys of loads, as in -loads, and where they go: s1, on the subnet of clients
// and box, so that no router's work is in the way.
const (
	keyIdle       = "idle"
	keyKeepAlive  = "keep-alive"
	keyNew        = "new"
	keyBulk       = "bulk"
	keyPastSmall  = "past-small"
	keyPastBulk   = "past-bulk"
	addressOrigin = "10.77.0.101"
)

// keepAlive is the cost of a request alone: connections are made at the start.
func (p plan) keepAlive(w way) load {
	key := keyKeepAlive
	if w == past {
		key = keyPastSmall
	}
	return load{key, w, func(ctx context.Context, s site) (work, error) {
		return s.wrk(ctx, p.duration, w)
	}}
}

// newConnections is the cost of a connection: handshake, one request and the
// end, on both sides of the proxy. The client asks for the close, so that every
// proxy and every server knows that there will be no second request.
func (p plan) newConnections() load {
	return load{keyNew, captured, func(ctx context.Context, s site) (work, error) {
		return s.wrk(ctx, p.duration, captured, "-H", "Connection: close")
	}}
}

// bulk is the cost of bytes: connections and heads do not count beside them.
func (p plan) bulk(w way) load {
	key := keyBulk
	if w == past {
		key = keyPastBulk
	}
	return load{key, w, func(ctx context.Context, s site) (work, error) {
		return s.download(ctx, p.duration, w)
	}}
}

// idle comes first, in a process that has done nothing yet: what a load before
// it had left in its heap would hide what connections need.
func (p plan) idle() load {
	return load{keyIdle, captured, func(ctx context.Context, s site) (work, error) {
		return s.hold(ctx)
	}}
}

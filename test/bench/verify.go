package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"limpid/test/lab"
)

// witnessed is a body long enough to cross in several reads.
const witnessed = "/bytes/100000"

// fidelity is what a server sees of clients.
type fidelity struct {
	// addressMixed: a second client's request came from the first one's address.
	addressMixed bool
	// portKept: requests came from the clients' own ports.
	portKept bool
}

// verify makes requests from two clients to a server behind a router: whole
// bodies must come, and the server must see the client's own address. From the
// second it may see the first one's if the subject is known to mix them up.
func (s site) verify(ctx context.Context, mayMix bool) (fidelity, error) {
	f := fidelity{portKept: true}
	for i, client := range []*lab.Node{s.lab.C1, s.lab.C2} {
		// Requests, not connections: a proxy may use one that it has open already.
		before := len(s.origin.witness.Requests())
		local, err := ask(ctx, client, 20*time.Second)
		if err != nil {
			return f, fmt.Errorf("verify from %s: %w", client.Name, err)
		}
		seen := s.origin.witness.Requests()[before:]
		if len(seen) != 1 {
			return f, fmt.Errorf("verify from %s: the server saw %d requests, want one", client.Name, len(seen))
		}
		from := seen[0].Client
		switch {
		case from.Addr() == local.Addr():
		case i > 0 && mayMix:
			f.addressMixed = true
		default:
			return f, fmt.Errorf("verify from %s: the server saw a request from %s, want %s", client.Name, from.Addr(), local.Addr())
		}
		f.portKept = f.portKept && from == local
	}
	return f, nil
}

// settle waits until a first request crosses, while the subject is alive.
func (s site) settle(ctx context.Context, in inline, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	// A SYN that was dropped is repeated after a second; a new attempt is sooner. But a slow machine gets more time.
	for patience := 500 * time.Millisecond; ; patience *= 2 {
		_, err := ask(ctx, s.lab.C1, patience)
		if err == nil {
			return nil
		}
		if _, gone := in.processes(ctx); gone != nil && ctx.Err() == nil {
			return gone
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait %s for a first answer: %w", within, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// ask gets one whole body from the witness and returns its own address.
func ask(ctx context.Context, client *lab.Node, timeout time.Duration) (netip.AddrPort, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := client.Dial(ctx, "tcp", "", "10.80.0.2:80")
	if err != nil {
		return netip.AddrPort{}, err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		err = conn.SetDeadline(deadline)
	}
	_, got := lab.Get(witnessed)(ctx, conn)
	local, parsed := netip.ParseAddrPort(conn.LocalAddr().String())
	return local, errors.Join(err, got, parsed)
}

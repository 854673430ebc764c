// Command bench measures limpid beside HAProxy, Apache Traffic Server and
// Squid. Each in turn is put into the same place, inline in the bridge of a
// fresh lab (package limpid/test/lab), and gets the same loads from the same
// client against the same nginx; rounds are interleaved, so that a machine
// that grows slower or faster meanwhile does so for all. It prints tables and
// writes them to docs/performance.md.
//
//	go run ./test/bench [-rounds 5] [-seconds 2] [-only haproxy,limpid] [-loads new,bulk] [-out FILE]
//
// What counts is checked, not assumed: nginx logs every request that comes
// from an address other than the client's, a second origin tells whom it
// accepted, and the box's own TCP counters tell how many connections were
// taken off the bridge and how many were opened to the server.
//
// The configurations under config/ are the peers' whole configuration; what is
// installed on the host for them is neither read nor written. The package owns
// the processes it starts in the lab and nothing else.
package main

// Command bench measures limpid beside HAProxy, Apache Traffic Server and
// Squid. Each in turn is put into the same place, inline in the bridge of a
// fresh lab (package limpid/test/lab), and gets the same loads from the same
// client against the same nginx; rounds are interleaved, so that a machine
// that grows slower or faster meanwhile does so for all. It prints tables and
// says which targets are met, and writes both to docs/performance.md with a
// chart beside it, docs/performance.svg.
//
//	go run ./test/bench [-rounds 4] [-seconds 2] [-only haproxy,limpid] [-loads new,bulk] [-out FILE]
//	                    [-vm] [-profile proxy,gate]
//
// `make bench` is that with -vm and -profile; `make bench BENCH='-only limpid'`
// with other flags; -h lists all subjects and loads.
//
// Loads: idle connections and their memory; small requests on connections kept
// alive, with a connection each, and at fixed rates; large bodies; the first
// and the last also with one core for the proxy and the others for the rest.
// The client of the fixed rates is open-loop (pace.go): it asks when a request
// is due, whatever has become of those before.
//
// The subject limpid-sets is limpid as it is where the kernel has no programs that
// remember flows.
//
// -vm measures the mirrored handshake on a kernel that has NFT_QUEUE, in the
// machine of package limpid/test/vm: this very program runs there with
// -section. -profile has perf(1) look at limpid's processes during one more
// turn and tells where their time went; limpid itself has no part in it.
//
// What counts is checked, not assumed: nginx logs every request that comes
// from an address other than the client's, a second origin tells whom it
// accepted, the box's own TCP counters tell how many connections were taken
// off the bridge and how many were opened to the server, and the kernel tells
// on which cores a pinned proxy ran.
//
// The configurations under config/ are the peers' whole configuration; what is
// installed on the host for them is neither read nor written. The package owns
// the processes it starts in the lab and nothing else.
package main

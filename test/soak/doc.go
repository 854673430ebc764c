// Command soak holds thousands of connections through limpid for minutes, with
// all kinds of traffic on them at once, and compares every byte at both ends.
//
// What crosses is made from seeds: a request line names what is done and a
// seed, and from these both ends know each byte of the request and of the
// response beforehand, heads and chunk framing too (exchange.go). So neither
// end parses anything, and whatever is lost, added, changed, repeated or mixed
// up with another connection's is told with its place (match.go). Connections
// have habits (habit*.go): most are kept open and used now and then, some are
// idle, pipelined, upgraded, tunnels, slow, reset by either end or half closed.
// An end that was not asked for, or nothing for as long as -patience, fails
// the run like a wrong byte.
//
// A run has rounds (run.go): one to warm up, after which the processes of
// limpid are measured (footprint.go); the soak itself; one in which the proxy is
// stopped for 400 ms now and then, so that the gate must carry flows; after
// each, all must be as it was.
//
// It owns one lab (package lab) at a time; with -vm it runs itself in a virtual
// machine (package vm), whose kernel has broute and the SYN queue. It touches
// nothing outside.
package main

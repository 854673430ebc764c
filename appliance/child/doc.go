// Package child is what the supervisor and the processes it starts agree on
// before they can talk: which descriptor is which, which user each runs as and
// with which capabilities, and what a child does first. It owns those numbers
// and the prctl(2) calls that go with them. It opens no socket and starts
// nothing.
package child

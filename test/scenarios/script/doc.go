// Package script is the language of the scenarios: a client and a server, each
// with its steps, between which there is a wire. It owns reading a scenario
// file, and playing one over two connections that somebody else has made; it
// knows nothing of what lies between them, and never touches it. Each end plays
// on a goroutine of its own, barriers put steps of both in order, and whatever
// a script does not say is checked at its end: nothing more came, and the other
// end finished. docs/testing.md describes the language.
package script

// Package ladder makes a ladder of one TCP connection: it reads frames that were seen at
// the clients' port, between the bridge and the box's own TCP, and at the servers' port,
// follows the next connection that somebody asked for, lines up what is the same segment
// in several places, and says in words what became of it. It owns the reading of these
// frames, which strangers have sent: so it runs in a process that can do nothing else. It
// must never keep a byte of them but of headers and of the first line of an HTTP head, open
// anything, or look at a clock: it is a function of the frames, and of the times with them.
package ladder

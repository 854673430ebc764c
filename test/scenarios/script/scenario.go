package script

import "time"

// Scenario is one file: what two ends do, and what limpid counts of it.
type Scenario struct {
	// Name is the file's, without directory and ".txtar".
	Name string
	// Differs says how limpid differs from a wire here, by intent; empty where
	// it does not.
	Differs string
	// Proxy is how limpid is set.
	Proxy Settings
	// Buffers is the size of the ends' socket buffers in bytes, 0 for the
	// system's own.
	Buffers int
	// Count is what limpid counts when the scenario is over.
	Count Count

	file           string
	client, server []step
}

// Count is what limpid counts of one flow.
type Count struct {
	Requests, Responses uint64
	// Tunnel is the reason why the flow is not HTTP, as in the counters; empty
	// when it is, and for what HTTP itself agrees on (upgraded, connected).
	Tunnel string
	// Resets is 1 if the flow ended by a reset from any side.
	Resets uint64
	// Deadline is the one that passed: "head", "body" or "idle", as in the
	// metrics; empty when none did.
	Deadline string
}

// verb is what a step does.
type verb string

const (
	send        verb = "send"         // write, and wait until it is written
	startSend   verb = "start-send"   // write in the background
	expectSent  verb = "expect-sent"  // that is written
	expectStall verb = "expect-stall" // that stands still at less than so many bytes
	expect      verb = "expect"       // exactly these bytes come
	closeWrite  verb = "close-write"  // FIN
	expectFIN   verb = "expect-fin"   // FIN comes, and nothing before it
	reset       verb = "reset"        // RST
	expectReset verb = "expect-reset" // RST comes, and nothing before it
	closeAll    verb = "close"        // close(2): FIN, or a reset if bytes wait unread
	closeUnread verb = "close-unread" // close(2) when bytes wait unread: a reset
	barrier     verb = "barrier"      // wait for the other end to be here too
	pause       verb = "pause"        // do nothing for a while
	verdict     verb = "verdict"      // what limpid says of the flow now
)

// step is one line of a script.
type step struct {
	verb  verb
	line  int
	items items         // send, start-send, expect
	name  string        // barrier, verdict
	size  int64         // expect-stall, bytes
	pause time.Duration // pause
}

// takesItems reports whether bytes follow the verb.
func (v verb) takesItems() bool { return v == send || v == startSend || v == expect }

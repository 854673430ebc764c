// Package scoreboard keeps counters in memory that several processes share.
// It owns a memfd of 64-bit cells: one process writes a board, others read it
// at any time without asking, and what it says survives the crash of its
// writer. Cells only count; nothing is ever parsed from a board, so a writer
// that runs wild can spoil its own figures and nothing else. An event loop
// counts in a Tally of its own and carries it to the board now and then: what
// it had not carried when it was killed is lost, and no figure ever goes back.
package scoreboard

// Package scoreboard keeps counters in memory that several processes share.
// It owns a memfd of 64-bit cells: one process writes a board, others read it
// at any time without asking, and what it says survives the crash of its
// writer. Cells only count; nothing is ever parsed from a board, so a writer
// that runs wild can spoil its own figures and nothing else.
package scoreboard

// Package accesslog keeps one record of each transaction and of each tunnel:
// in memory for whoever asks, in files, and at a syslog collector. It owns the
// way of a record from an event loop to those places, the formats, and the
// filters. An event loop only copies the record into a block of memory; blocks
// go to one goroutine, which keeps them in a ring and passes lines on to a
// queue for each output. Nobody waits for anybody: where there is no room, for
// a slow disk or a dead collector, records are dropped and counted. What
// strangers wrote is escaped in every format; a record is always one line.
package accesslog

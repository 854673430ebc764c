// Package clients runs programs that people really use against servers that
// people really use, through the wire. There are two labs alike, each with
// the whole set of servers: in one the box is a bare bridge, in the other it
// is a `limpid supervise`. Every case runs in both at once, and what came of
// it must be the same: exit codes, output, files, and the bytes of every
// connection. With limpid both sides of the box are captured, and each
// connection must read alike on both; all of them must have been captured,
// every request of them counted, and every tunnel for the reason expected.
package clients

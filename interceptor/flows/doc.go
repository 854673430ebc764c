// Package flows remembers captured flows in the kernel: which tuples are
// theirs, whether their connections are over, and the MACs of both ends. It
// owns one program at each way in and out of the two ports (TCX, Linux 6.6),
// the map they share, and the clock by which flows are forgotten. The programs
// mark frames and write MACs; what becomes of a marked frame is up to the
// rules of package interceptor, which is this package's only user. It must
// never take a frame off the bridge, drop one that is not limpid's own, or
// start a process. The programs are flows.c, compiled to flows.o by
// `make flows`, so that building limpid needs no C compiler.
package flows

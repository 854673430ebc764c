// Package proxy is the process that speaks HTTP. It owns the event loops, one
// for each processor, and the flows it takes from the hand-over queue; all
// loops wait on the one queue, and a flow stays with the loop that took it. It
// needs no privilege and has none: sockets come to it connected or connecting,
// and it never learns how a flow was captured. When it has all the flows its
// descriptors allow it leaves further ones in the queue, where the gate finds
// them again. Its heartbeats and counts are in a scoreboard that outlives it.
package proxy

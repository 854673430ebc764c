// Package handover is how a flow passes from the process that captured it to
// the process that speaks HTTP on it. It owns the flow message and the queue
// it travels through: a SOCK_SEQPACKET pair on which each message is a
// fixed-size description of the flow and two TCP sockets (SCM_RIGHTS). The
// sender holds the receiving end too, and takes back what was not received in
// time: the kernel gives each message to exactly one reader, so a flow always
// has exactly one owner. Nothing here knows how a flow was captured or what
// its bytes mean.
package handover

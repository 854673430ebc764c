// Package socket is the system calls that a flow costs on its sockets. It owns no
// socket: descriptors come and go, and their addresses are read and written as the
// kernel has them. All of them are nonblocking and TCP, so that none of these calls
// can sleep, and each is made without a word to Go's scheduler. Announced calls cost
// more than their announcement: the runtime's monitor wakes every 20 µs, takes the
// processor from a loop that it finds in one, wakes another thread for it, and the
// loop has to get it back (Go 1.26, runtime/proc.go, retake). Nothing that could wait
// for a peer or a disk belongs here, nor anything that knows what a flow is.
package socket

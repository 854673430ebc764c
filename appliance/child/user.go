package child

import "golang.org/x/sys/unix"

// User is who a child runs as. The numbers need no entry in /etc/passwd; they
// are ours alone, so that no other process of the box may signal or trace it.
type User struct {
	UID, GID     uint32
	Nice         int       // nice value, 0 to 19 (nice(2)): what shares the processor with others, and is less urgent
	Batch        bool      // scheduled for throughput (SCHED_BATCH, sched(7)): it wakes without driving others off their processor
	Capabilities []uintptr // CAP_* numbers, ambient: kept over execve(2) without being root
}

// WebGID is the group that may open the control socket beside root.
const WebGID = 64103

// WebUser may open the control socket, by its group, and nothing else that another
// user may not. Whatever the page does, the wire's processes go first.
func WebUser() User { return User{UID: WebGID, GID: WebGID, Nice: 10} }

// GateUser may bind foreign addresses, mark sockets, use client ports below
// 1024 and give verdicts over nfnetlink (kernel net/netfilter/nfnetlink.c).
func GateUser() User {
	return User{UID: 64101, GID: 64101, Capabilities: []uintptr{unix.CAP_NET_BIND_SERVICE, unix.CAP_NET_ADMIN, unix.CAP_NET_RAW}}
}

// ProxyUser may do nothing that another user may not. It finds more to do each
// time it wakes when it lets those who feed it finish first: a sixth less CPU
// time for a request under load.
func ProxyUser() User { return User{UID: 64102, GID: 64102, Batch: true} }

// PacketsUser may do nothing that another user may not, and hears frames on the
// socket it is given. Everything else goes first: what it is too slow for is dropped
// for it, and counted.
func PacketsUser() User { return User{UID: 64104, GID: 64104, Nice: 19} }

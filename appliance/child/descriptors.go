package child

import (
	"fmt"
	"math"
	"slices"

	"golang.org/x/sys/unix"
)

// LinkFD is the control link's descriptor in every child.
const LinkFD = 3

// Descriptors of the gate, in the order it inherits them.
const (
	GateSendFD       = 4  // hand-over queue, sending end
	GateReceiveFD    = 5  // hand-over queue, receiving end, to take flows back
	GateBoardFD      = 6  // the gate's scoreboard
	GateProxyBoardFD = 7  // the proxy's scoreboard
	GateListenFD     = 8  // TPROXY listener on 127.0.0.1
	GateListen6FD    = 9  // TPROXY listener on ::1; absent when IPv6 is off
	GateRulesFD      = 10 // a socket in which waits what keeps the rules, only to be held; may be absent
	GateSupply4FD    = 11 // supply of IPv4 sockets, sending end
	GateSupplied4FD  = 12 // and its receiving end, to see what is left
	GateSupply6FD    = 13 // the same for IPv6; absent when IPv6 is off
	GateSupplied6FD  = 14
	GateReturnFD     = 15 // connections the proxy gives back, receiving end
)

// Descriptors of the proxy, in the order it inherits them.
const (
	ProxyReceiveFD = 4 // hand-over queue, receiving end
	ProxyBoardFD   = 5 // the proxy's scoreboard
	// The rest is there only while the proxy accepts connections itself.
	ProxyListenFD  = 6  // TPROXY listener on 127.0.0.1
	ProxyListen6FD = 7  // TPROXY listener on ::1; absent when IPv6 is off
	ProxySupply4FD = 8  // supply of IPv4 sockets, receiving end
	ProxySupply6FD = 9  // supply of IPv6 sockets; absent when IPv6 is off
	ProxyReturnFD  = 10 // connections given back to the gate, sending end
)

// WebListenFD is the first of the page's listeners, in the order of its settings.
const WebListenFD = 4

// Descriptors of the process that records frames.
const (
	PacketsSocketFD = 4 // packet socket with its filter
	PacketsFileFD   = 5 // what it writes, in memory
)

// Descriptors of the process that makes a ladder: packet sockets with their filters.
const (
	LadderSocketFD = 4 // of both ports and the bridge
	LadderIPv4FD   = 5 // of what the box's own IP is given
	LadderIPv6FD   = 6
)

// Absent stands for a descriptor that a child does not get.
const Absent = -1

// KeepPrivate marks every descriptor but the standard three close-on-exec: what
// a shell or an init system left open in the supervisor is not for its children.
func KeepPrivate() error {
	if err := unix.CloseRange(LinkFD, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return fmt.Errorf("keep descriptors from the children: %w: needs Linux 5.11 or later", err)
	}
	return nil
}

// Adopt checks that the descriptors from LinkFD to last are open but for those
// that may be absent, and keeps them from whatever this process may start.
func Adopt(last int, optional ...int) error {
	for fd := LinkFD; fd <= last; fd++ {
		_, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, unix.FD_CLOEXEC)
		if err != nil && !slices.Contains(optional, fd) {
			return fmt.Errorf("adopt descriptor %d: %w: only limpid supervise starts this command", fd, err)
		}
	}
	return nil
}

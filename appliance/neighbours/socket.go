package neighbours

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// queueSize is what the kernel may hold for one port, in bytes, with what it counts of
// its own: a burst of a few neighbours. What does not fit is dropped for the box alone.
const queueSize = 32 << 10

// open makes a packet socket that hears LLDP on the bridge, of the port of a mark.
//
// Bound to one device and to one EtherType it is a hook that the kernel comes to with
// frames of that type alone (ptype_specific in net/core/dev.c: __netif_receive_skb_core),
// so that it costs nothing for any other; one for all types (ETH_P_ALL) would be met by
// each frame that crosses. It is bound to the bridge since on a port it would hear
// nothing: a port hands what is to be forwarded to the bridge before types are looked
// at (br_handle_frame ends in RX_HANDLER_CONSUMED). The bridge forwards the groups of
// LLDP (group_fwd_mask) and, as with any multicast, gives itself a copy; by which port
// that came in its mark tells, which chain "heard" of the rules sets.
func open(bridge string, mark uint32) (*os.File, error) {
	device, err := net.InterfaceByName(bridge)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", bridge, err)
	}
	// Of no protocol, it is deaf until it is bound: no frame slips in unfiltered.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open packet socket: %w", err)
	}
	if err := prepare(fd, mark, device.Index); err != nil {
		return nil, errors.Join(fmt.Errorf("listen for LLDP on %s: %w", bridge, err), unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), "LLDP on "+bridge), nil
}

func prepare(fd int, mark uint32, index int) error {
	if err := attach(fd, mark); err != nil {
		return err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, queueSize/2); err != nil { // it takes twice as much (socket(7))
		return fmt.Errorf("bound the queue: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: networkOrder(unix.ETH_P_LLDP), Ifindex: index}); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	return nil
}

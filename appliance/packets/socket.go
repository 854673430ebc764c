package packets

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// queueSize is what the kernel may hold for whoever reads, in bytes; it counts twice
// as much of its own. What does not fit is dropped for the reader, and crosses the
// wire all the same.
const queueSize = 8 << 20

// Open makes a packet socket (packet(7)) that hears what a filter takes, from this
// moment on. The filter stays on it for good, whoever holds the socket.
func Open(f Filter) (fd int, err error) { return open(f, unix.ETH_P_ALL) }

// Layer is an IP version whose packets the box itself is given.
type Layer uint16

// Layers.
const (
	IPv4 Layer = unix.ETH_P_IP
	IPv6 Layer = unix.ETH_P_IPV6
)

// OpenLayer makes a packet socket that hears what is given to the box's own IP of that
// version, and nothing that is bridged: the kernel asks for it behind the bridge
// (net/core/dev.c, __netif_receive_skb_core; handlers of one protocol come after
// rx_handler). So it hears what broute has taken off the bridge.
func OpenLayer(f Filter, of Layer) (fd int, err error) { return open(f, uint16(of)) }

func open(f Filter, protocol uint16) (fd int, err error) {
	program, err := f.Program()
	if err != nil {
		return -1, err
	}
	// Of no protocol, it is deaf until it is bound: no frame slips in unfiltered.
	fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, fmt.Errorf("open packet socket: %w", err)
	}
	if err := prepare(fd, program); err != nil {
		return -1, errors.Join(fmt.Errorf("open packet socket: %w", err), unix.Close(fd))
	}
	at := &unix.SockaddrLinklayer{Protocol: networkOrder(protocol)}
	if len(f.Ports) == 1 {
		at.Ifindex = f.Ports[0] // the others' frames need not come to the filter
	}
	if err := unix.Bind(fd, at); err != nil {
		return -1, errors.Join(fmt.Errorf("listen on packet socket: %w", err), unix.Close(fd))
	}
	return fd, nil
}

func prepare(fd int, program []bpf.RawInstruction) error {
	if err := attach(fd, program); err != nil {
		return fmt.Errorf("attach filter: %w", err)
	}
	for _, option := range []struct{ level, name, value int }{
		{unix.SOL_SOCKET, unix.SO_LOCK_FILTER, 1},
		{unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, queueSize},
		{unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1},
		{unix.SOL_PACKET, unix.PACKET_AUXDATA, 1},
	} {
		if err := unix.SetsockoptInt(fd, option.level, option.name, option.value); err != nil {
			return fmt.Errorf("set option %d: %w", option.name, err)
		}
	}
	return nil
}

// attach gives a socket its filter.
func attach(fd int, program []bpf.RawInstruction) error {
	filters := sockFilters(program)
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(filters)), Filter: unsafe.SliceData(filters)})
}

func sockFilters(program []bpf.RawInstruction) []unix.SockFilter {
	filters := make([]unix.SockFilter, len(program))
	for i, in := range program {
		filters[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	return filters
}

// networkOrder gives a number whose bytes in memory are big-endian.
func networkOrder(v uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, v))
}

package bridge

import (
	"encoding/binary"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// MostLearned bounds how many entries of the FDB are looked at for a port: whoever
// is on the wire fills it, with as many addresses as they care to make up.
const MostLearned = 1000

// Learned counts the MACs behind each port that the bridge has heard frames from
// lately (5 minutes, its ageing time), MostLearned at most.
type Learned struct{ LAN, WAN int }

// Learned reads the FDB. A port that is missing has learned none.
func (b *Bridge) Learned() (Learned, error) {
	spec := b.current()
	k, err := openKernel()
	if err != nil {
		return Learned{}, err
	}
	defer k.close()
	var l Learned
	for _, port := range []struct {
		name string
		to   *int
	}{{spec.LAN, &l.LAN}, {spec.WAN, &l.WAN}} {
		index, err := k.index(port.name)
		if err != nil {
			continue
		}
		if *port.to, err = learned(index); err != nil {
			return l, fmt.Errorf("read FDB of port %s: %w", port.name, err)
		}
	}
	return l, nil
}

// fdbPatience bounds the wait for a part of the kernel's answer.
const fdbPatience = time.Second

// learned counts entries with a socket of its own, which takes the answer part by
// part: a library would gather all of it first.
func learned(index int) (int, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return 0, os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	patience := unix.NsecToTimeval(int64(fdbPatience))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &patience); err != nil {
		return 0, os.NewSyscallError("setsockopt", err)
	}
	if err := unix.Sendto(fd, fdbQuestion(index), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return 0, os.NewSyscallError("sendto", err)
	}
	part, count := make([]byte, 32<<10), 0
	for count < MostLearned {
		n, _, err := unix.Recvfrom(fd, part, 0)
		if err != nil {
			return 0, os.NewSyscallError("recvfrom", err)
		}
		messages, err := syscall.ParseNetlinkMessage(part[:n])
		if err != nil {
			return 0, os.NewSyscallError("parse", err)
		}
		for _, m := range messages {
			switch m.Header.Type {
			case unix.NLMSG_DONE:
				return count, nil
			case unix.NLMSG_ERROR:
				return 0, refusedDump(m.Data)
			}
			if isLearned(m.Data) {
				count++
			}
		}
	}
	return MostLearned, nil
}

// fdbQuestion asks for the entries of one port. Only of a struct ifinfomsg the kernel
// takes the port without more ado (valid_fdb_dump_legacy in net/core/rtnetlink.c).
func fdbQuestion(index int) []byte {
	b := make([]byte, unix.SizeofNlMsghdr, unix.SizeofNlMsghdr+unix.SizeofIfInfomsg)
	b = append(b, ifinfomsg(unix.AF_BRIDGE, index)...)
	binary.NativeEndian.PutUint32(b, uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], unix.RTM_GETNEIGH)
	binary.NativeEndian.PutUint16(b[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	return b
}

// isLearned says that struct ndmsg is of an entry which the bridge made by itself:
// neither a local address nor a static one (fdb_to_nud in net/bridge/br_fdb.c), nor one
// of the card itself, which has NTF_SELF.
func isLearned(ndmsg []byte) bool {
	if len(ndmsg) < unix.SizeofNdMsg {
		return false
	}
	state, flags := binary.NativeEndian.Uint16(ndmsg[8:]), ndmsg[10]
	return flags&unix.NTF_SELF == 0 && state&(unix.NUD_PERMANENT|unix.NUD_NOARP) == 0
}

func refusedDump(nlmsgerr []byte) error {
	if len(nlmsgerr) < 4 {
		return os.NewSyscallError("netlink", unix.EBADMSG)
	}
	return os.NewSyscallError("netlink", syscall.Errno(-int32(binary.NativeEndian.Uint32(nlmsgerr))))
}

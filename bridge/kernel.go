package bridge

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	rawnl "github.com/mdlayher/netlink"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// kernel is a pair of route netlink sockets in the network namespace of the thread
// that opened them. It lives for one pass.
type kernel struct {
	conn   *rawnl.Conn     // dumps, and attributes that handle does not know
	handle *netlink.Handle // everything it has a call for
}

func openKernel() (*kernel, error) {
	conn, err := rawnl.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		return nil, fmt.Errorf("open route netlink socket: %w", err)
	}
	handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open route netlink socket: %w", err), conn.Close())
	}
	return &kernel{conn, handle}, nil
}

func (k *kernel) close() {
	k.handle.Close()
	_ = k.conn.Close() // nothing is ever left in it
}

// dumpTries bounds the repetitions of a dump that a change of the dumped list
// interrupted (NLM_F_DUMP_INTR).
const dumpTries = 20

func (k *kernel) dump(ctx context.Context, typ rawnl.HeaderType, body []byte) ([]rawnl.Message, error) {
	for range dumpTries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		msgs, err := k.conn.Execute(rawnl.Message{
			Header: rawnl.Header{Type: typ, Flags: rawnl.Request | rawnl.Dump},
			Data:   body,
		})
		if err != nil {
			return nil, err
		}
		if !interrupted(msgs) {
			return msgs, nil
		}
	}
	return nil, fmt.Errorf("dump was interrupted %d times by changes", dumpTries)
}

func interrupted(msgs []rawnl.Message) bool {
	for _, m := range msgs {
		if m.Header.Flags&rawnl.DumpInterrupted != 0 {
			return true
		}
	}
	return false
}

// request sends one message that changes something and waits for its acknowledgement.
func (k *kernel) request(typ rawnl.HeaderType, flags rawnl.HeaderFlags, body []byte, attrs func(*rawnl.AttributeEncoder)) error {
	ae := rawnl.NewAttributeEncoder()
	attrs(ae)
	b, err := ae.Encode()
	if err != nil {
		return err
	}
	_, err = k.conn.Execute(rawnl.Message{
		Header: rawnl.Header{Type: typ, Flags: rawnl.Request | rawnl.Acknowledge | flags},
		Data:   append(body, b...),
	})
	return err
}

// link finds an interface again by its name: the plan may have made it.
func (k *kernel) link(name string) (netlink.Link, error) {
	var link netlink.Link
	var err error
	for range dumpTries {
		if link, err = k.handle.LinkByName(name); !errors.Is(err, netlink.ErrDumpInterrupted) {
			break
		}
	}
	return link, err
}

func (k *kernel) index(name string) (int, error) {
	link, err := k.link(name)
	if err != nil {
		return 0, err
	}
	return link.Attrs().Index, nil
}

// mayAdminister asks to delete an interface whose index cannot exist: the kernel
// looks at CAP_NET_ADMIN first (rtnetlink_rcv_msg), then finds nothing to delete.
// Unlike the capability set of the process this is also right in a container that
// does not own its network namespace.
func (k *kernel) mayAdminister() error {
	const nowhere = 1<<31 - 1
	err := k.request(unix.RTM_DELLINK, 0, ifinfomsg(unix.AF_UNSPEC, nowhere), func(*rawnl.AttributeEncoder) {})
	if errors.Is(err, unix.ENODEV) {
		return nil
	}
	if errors.Is(err, unix.EPERM) {
		return fmt.Errorf("build a bridge: CAP_NET_ADMIN is missing: run as root: %w", err)
	}
	return fmt.Errorf("ask the kernel for CAP_NET_ADMIN: %w", err)
}

// vlansSupported asks for a VLAN device on nothing, which the kernel refuses as
// unknown (EOPNOTSUPP) or, having 802.1Q, as incomplete (EINVAL).
func (k *kernel) vlansSupported() error {
	err := k.request(unix.RTM_NEWLINK, rawnl.Create|rawnl.Excl, ifinfomsg(unix.AF_UNSPEC, 0), func(ae *rawnl.AttributeEncoder) {
		ae.Nested(unix.IFLA_LINKINFO, func(info *rawnl.AttributeEncoder) error {
			info.String(unix.IFLA_INFO_KIND, "vlan")
			return nil
		})
	})
	if errors.Is(err, unix.EOPNOTSUPP) {
		return errNoVLAN()
	}
	return nil
}

// ifinfomsg encodes struct ifinfomsg (include/uapi/linux/rtnetlink.h).
func ifinfomsg(family uint8, index int) []byte {
	b := make([]byte, unix.SizeofIfInfomsg)
	b[0] = family
	binary.NativeEndian.PutUint32(b[4:], uint32(index))
	return b
}

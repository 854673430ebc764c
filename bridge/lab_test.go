package bridge

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Every test that needs a kernel has network namespaces of its own:
//
//	client            box (the test's thread)             server
//	far ──────────── lan0  ( br0 )  wan0 ──────────────── far
//
// The far ends have no IPv6 and no address, so every frame seen there is either one
// that the test sent or one that the box made up.

// patience bounds waiting for what must happen. It is no measure of anything.
const patience = 20 * time.Second

// lab is a box; the test's goroutine stays locked to the thread that is in it.
type lab struct {
	t  *testing.T
	ns int // the box's namespace, for other threads to enter
}

// newLab moves the calling goroutine into a fresh namespace for good: its thread is
// never unlocked, hence ends with the test.
func newLab(t *testing.T) *lab {
	t.Helper()
	runtime.LockOSThread()
	must(t, unix.Unshare(unix.CLONE_NEWNET))
	return &lab{t, openNamespace(t)}
}

func openNamespace(t *testing.T) int {
	t.Helper()
	fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	must(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// end is the far end of a port.
type end struct {
	lab  *lab
	ns   int
	name string
}

// port makes a veth pair whose far end, up and silent, is in a new namespace.
func (l *lab) port(name string) *end {
	l.t.Helper()
	must(l.t, unix.Unshare(unix.CLONE_NEWNET))
	e := &end{l, openNamespace(l.t), "far"}
	must(l.t, writeSysctl("net/ipv6/conf/default/disable_ipv6", "1"))
	must(l.t, unix.Setns(l.ns, unix.CLONE_NEWNET))
	e.plug(name)
	return e
}

// plug connects the far end to a new interface of the box.
func (e *end) plug(name string) {
	e.lab.t.Helper()
	must(e.lab.t, netlink.LinkAdd(&netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: name, TxQLen: 1000, MTU: 1500},
		PeerName:  e.name, PeerNamespace: netlink.NsFd(e.ns),
	}))
	e.do(func() { must(e.lab.t, netlink.LinkSetUp(link(e.lab.t, e.name))) })
}

// do runs f in the far end's namespace.
func (e *end) do(f func()) {
	e.lab.t.Helper()
	must(e.lab.t, unix.Setns(e.ns, unix.CLONE_NEWNET))
	defer func() {
		if err := unix.Setns(e.lab.ns, unix.CLONE_NEWNET); err != nil {
			panic(err)
		}
	}()
	f()
}

// link finds an interface of the namespace the thread is in.
func link(t *testing.T, name string) netlink.Link {
	t.Helper()
	l, err := netlink.LinkByName(name)
	if err != nil {
		t.Fatalf("find %s: %v", name, err)
	}
	return l
}

// status reads the kernel.
func (l *lab) status(spec Spec) Status {
	l.t.Helper()
	k, err := openKernel()
	must(l.t, err)
	defer k.close()
	st, err := k.readStatus(l.t.Context(), spec)
	must(l.t, err)
	return st
}

// standing is a lab whose bridge is built between two ports.
func standing(t *testing.T) (*lab, *Bridge) {
	t.Helper()
	l := newLab(t)
	l.port("lan0")
	l.port("wan0")
	b := newBridge(t, testSpec)
	l.ensure(b)
	return l, b
}

// ensure builds the bridge and fails the test if anything is left to do.
func (l *lab) ensure(b *Bridge) Status {
	l.t.Helper()
	st, err := b.Ensure(l.t.Context())
	must(l.t, err)
	if len(st.Pending) > 0 {
		l.t.Fatalf("left to do: %q", st.Pending)
	}
	return st
}

// forwarding waits until frames pass: a carrier that has just come is made known
// by the kernel a moment later.
func (l *lab) forwarding(spec Spec) Status {
	l.t.Helper()
	return l.eventually(spec, "bridge forwards", Status.Forwarding)
}

func (l *lab) eventually(spec Spec, what string, ok func(Status) bool) Status {
	l.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		st := l.status(spec)
		if ok(st) {
			return st
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("never: %s; status %+v", what, st)
		}
	}
}

var testSpec = Spec{Name: "br0", LAN: "lan0", WAN: "wan0"}

func newBridge(t *testing.T, spec Spec) *Bridge {
	t.Helper()
	b, err := New(spec, slog.New(slog.NewTextHandler(t.Output(), nil)))
	must(t, err)
	return b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sysctlValue fails the test if there is no such file.
func sysctlValue(t *testing.T, key string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(procSys, key))
	must(t, err)
	return string(bytes.TrimSpace(b))
}

// tap is a raw socket on a far end. It hears what arrives there, not what it sends.
type tap struct {
	t  *testing.T
	fd int
}

func (e *end) tap() *tap {
	e.lab.t.Helper()
	s := &tap{t: e.lab.t}
	e.do(func() {
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		must(e.lab.t, err)
		e.lab.t.Cleanup(func() { unix.Close(fd) })
		s.fd = fd
		must(e.lab.t, unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1))
		must(e.lab.t, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 4<<20))
		index := link(e.lab.t, e.name).Attrs().Index
		must(e.lab.t, unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: htons(unix.ETH_P_ALL), Ifindex: index}))
	})
	return s
}

func htons(v uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, v))
}

func (s *tap) send(frame []byte) {
	s.t.Helper()
	if _, err := unix.Write(s.fd, frame); err != nil {
		s.t.Fatalf("send frame: %v", err)
	}
}

// receive returns the next frame that arrives, as it was on the wire, or nil when
// none came in d.
func (s *tap) receive(d time.Duration) []byte {
	s.t.Helper()
	for deadline := time.Now().Add(d); ; {
		left := time.Until(deadline)
		if left <= 0 {
			return nil
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}}, int(left.Milliseconds())+1)
		if errors.Is(err, unix.EINTR) || n == 0 {
			continue
		}
		must(s.t, err)
		frame, oob := make([]byte, 70000), make([]byte, 128)
		n, oobn, _, from, err := unix.Recvmsg(s.fd, frame, oob, unix.MSG_DONTWAIT)
		must(s.t, err)
		if from.(*unix.SockaddrLinklayer).Pkttype == unix.PACKET_OUTGOING {
			continue
		}
		return retag(s.t, frame[:n], oob[:oobn])
	}
}

// retag puts back the outermost VLAN tag, which the kernel keeps beside the frame
// (struct tpacket_auxdata in include/uapi/linux/if_packet.h).
func retag(t *testing.T, frame, oob []byte) []byte {
	t.Helper()
	cmsgs, err := unix.ParseSocketControlMessage(oob)
	must(t, err)
	for _, c := range cmsgs {
		if c.Header.Level != unix.SOL_PACKET || c.Header.Type != unix.PACKET_AUXDATA {
			continue
		}
		status := binary.NativeEndian.Uint32(c.Data)
		if status&unix.TP_STATUS_VLAN_VALID == 0 {
			return frame
		}
		tci, tpid := binary.NativeEndian.Uint16(c.Data[16:]), binary.NativeEndian.Uint16(c.Data[18:])
		tagged := append([]byte{}, frame[:12]...)
		tagged = binary.BigEndian.AppendUint16(tagged, tpid)
		tagged = binary.BigEndian.AppendUint16(tagged, tci)
		return append(tagged, frame[12:]...)
	}
	return frame
}

// mac parses a hardware address.
func mac(s string) net.HardwareAddr {
	m, err := net.ParseMAC(s)
	if err != nil {
		panic(err)
	}
	return m
}

var (
	clientMAC = mac("00:00:5e:00:53:01")
	serverMAC = mac("00:00:5e:00:53:02")
)

// frame builds an Ethernet frame: two addresses, then the bytes from the type on.
func frame(dst, src net.HardwareAddr, rest ...byte) []byte {
	return append(append(append([]byte{}, dst...), src...), rest...)
}

// marker is a frame of a type for experiments (IEEE 802 local experimental), numbered.
func marker(n int) []byte {
	return frame(serverMAC, clientMAC, append([]byte{0x88, 0xb5}, fmt.Appendf(nil, "marker %06d, padded to a whole frame........", n)...)...)
}

package gate

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"limpid/interceptor"
	"limpid/proxy/scoreboard"
)

// synQueue is the NFQUEUE through which the kernel asks about SYNs.
type synQueue struct {
	gate   *Gate
	fd     int
	number uint16
	buffer [4096]byte
	out    []byte
}

const (
	queueLength  = 8192 // SYNs that may wait; further ones are bridged (NFQA_CFG_F_FAIL_OPEN)
	copyRange    = 128  // bytes of each: the headers
	queueBatch   = 128
	receiveSpace = 4 << 20 // bytes
)

// bindQueue binds a queue. It must not be bound by anybody else.
func bindQueue(number uint16) (*synQueue, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, fmt.Errorf("open queue %d: %w", number, err)
	}
	q := &synQueue{fd: fd, number: number}
	if err := q.configure(); err != nil {
		return nil, errors.Join(fmt.Errorf("bind queue %d: %w (needs CAP_NET_ADMIN, CONFIG_NETFILTER_NETLINK_QUEUE, and nobody else on it)", number, err), q.close())
	}
	return q, nil
}

func (q *synQueue) configure() error {
	if err := unix.Bind(q.fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("bind netlink socket: %w", err)
	}
	// A full socket must drop (and so fail open) rather than report ENOBUFS.
	_ = unix.SetsockoptInt(q.fd, unix.SOL_NETLINK, unix.NETLINK_NO_ENOBUFS, 1)
	_ = unix.SetsockoptInt(q.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveSpace)
	params := make([]byte, 5)
	binary.BigEndian.PutUint32(params, copyRange)
	params[4] = nfqnlCopyPacket
	steps := []struct {
		name string
		attr []byte
	}{
		{"bind", attribute(nil, nfqaCfgCmd, []byte{nfqnlCfgCmdBind, 0, 0, unix.AF_BRIDGE})},
		{"copy headers", attribute(nil, nfqaCfgParams, params)},
		{"set length", attribute(nil, nfqaCfgQueueMaxlen, be32(queueLength))},
		{"fail open", attribute(attribute(nil, nfqaCfgFlags, be32(nfqaCfgFFailOpen)), nfqaCfgMask, be32(nfqaCfgFFailOpen))},
	}
	for _, s := range steps {
		if err := q.request(s.attr); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// request sends one configuration message and waits for its acknowledgement.
func (q *synQueue) request(attrs []byte) error {
	message := header(nil, nfqnlMsgConfig, unix.NLM_F_REQUEST|unix.NLM_F_ACK, q.number)
	message = finish(append(message, attrs...))
	if err := unix.Sendto(q.fd, message, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	for {
		n, _, err := unix.Recvfrom(q.fd, q.buffer[:], 0)
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
			if err := waitReadable(q.fd); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if n >= nlmsgHeader+4 && binary.NativeEndian.Uint16(q.buffer[4:]) == unix.NLMSG_ERROR {
			if code := int32(binary.NativeEndian.Uint32(q.buffer[nlmsgHeader:])); code != 0 {
				return unix.Errno(-code)
			}
			return nil
		}
	}
}

func waitReadable(fd int) error {
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 1000)
	if errors.Is(err, unix.EINTR) {
		return nil
	}
	if err == nil && n == 0 {
		return unix.ETIMEDOUT
	}
	return err
}

// Ready reads the SYNs that wait.
func (q *synQueue) Ready(uint32) {
	for range queueBatch {
		n, _, err := unix.Recvfrom(q.fd, q.buffer[:], 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return
		}
		q.messages(q.buffer[:n])
	}
}

func (q *synQueue) messages(b []byte) {
	for len(b) >= nlmsgHeader {
		length := int(binary.NativeEndian.Uint32(b))
		if length < nlmsgHeader || length > len(b) {
			return
		}
		if binary.NativeEndian.Uint16(b[4:]) == nfqnlMsgPacket {
			q.packet(b[:length])
		}
		b = b[min(align(length), len(b)):]
	}
}

func (q *synQueue) packet(b []byte) {
	m, ok := parsePacket(b)
	if !ok {
		return // without a number there is nothing to give a verdict on
	}
	q.gate.Board.Add(scoreboard.SynSeen, 1)
	syn, err := parseSYN(m.payload)
	if err != nil {
		q.gate.bridge(m.id, scoreboard.SynBridgedOther)
		return
	}
	q.gate.asked(m.id, m.vlan, syn)
}

func (q *synQueue) capture(packet uint32, vlan uint16) {
	q.verdict(packet, nfAccept, interceptor.MarkApproved.WithVLAN(vlan))
}

// bridge leaves the SYN the mark it came with: by that it is forgotten on its way out.
func (q *synQueue) bridge(packet uint32) { q.verdict(packet, nfAccept, 0) }
func (q *synQueue) drop(packet uint32)   { q.verdict(packet, nfDrop, 0) }

// verdict sets a mark, unless it is 0.
func (q *synQueue) verdict(packet, code uint32, mark interceptor.Mark) {
	q.out = header(q.out[:0], nfqnlMsgVerdict, unix.NLM_F_REQUEST, q.number)
	q.out = attribute(q.out, nfqaVerdictHdr, append(be32(code), be32(packet)...))
	if mark != 0 {
		q.out = attribute(q.out, nfqaMark, be32(uint32(mark)))
	}
	if err := unix.Sendto(q.fd, finish(q.out), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		q.gate.log.Error("cannot give a verdict", "error", err)
	}
}

func (q *synQueue) close() error {
	if err := unix.Close(q.fd); err != nil {
		return fmt.Errorf("close queue %d: %w", q.number, err)
	}
	return nil
}

package handover

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// ErrEmpty says that no flow waits in the queue.
var ErrEmpty = errors.New("no flow waits")

// ErrFull says that the queue takes no further flow now.
var ErrFull = errors.New("hand-over queue is full")

// Pair makes a queue and returns the descriptors of its two ends, both
// nonblocking and close-on-exec.
func Pair() (send, receive int, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, -1, fmt.Errorf("make hand-over queue: %w", err)
	}
	return fds[0], fds[1], nil
}

// Sender is the end the gate hands flows to.
type Sender struct{ fd int }

// NewSender takes ownership of the sending descriptor of a Pair.
func NewSender(fd int) *Sender { return &Sender{fd: fd} }

// Send queues f with its two sockets. The caller keeps its own descriptors and
// closes them when Send has returned nil. It returns ErrFull when the receiver
// lags; unix(7) also bounds the descriptors in flight by RLIMIT_NOFILE
// (ETOOMANYREFS), which is the same news.
func (s *Sender) Send(f *Flow) error {
	var b [messageSize]byte
	f.marshal(&b)
	fds := []int{f.ClientFD, f.UpstreamFD}
	if f.UpstreamFD == NoSocket {
		fds = fds[:1]
	}
	err := s.send(b[:], fds)
	if err == nil || errors.Is(err, ErrFull) {
		return err
	}
	return fmt.Errorf("hand over flow %d: %w", f.ID, err)
}

// send queues a message with its sockets. It returns ErrFull, or what
// sendmsg(2) does.
func (s *Sender) send(b []byte, fds []int) error {
	err := unix.Sendmsg(s.fd, b, unix.UnixRights(fds...), nil, unix.MSG_NOSIGNAL)
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.ETOOMANYREFS) || errors.Is(err, unix.ENOBUFS) {
		return ErrFull
	}
	return err
}

// Close closes the sending end.
func (s *Sender) Close() error { return unix.Close(s.fd) }

// Receiver is the end flows are taken from. Several may share one descriptor.
type Receiver struct{ fd int }

// NewReceiver takes ownership of the receiving descriptor of a Pair.
func NewReceiver(fd int) *Receiver { return &Receiver{fd: fd} }

// FD is the descriptor to wait on for EPOLLIN.
func (r *Receiver) FD() int { return r.fd }

// Receive takes the oldest flow. It returns ErrEmpty at once when none waits.
// A message that cannot be understood is dropped with its sockets closed.
func (r *Receiver) Receive(f *Flow) error {
	var b [messageSize]byte
	// Room for exactly two descriptors: cmsghdr and two ints (cmsg(3)).
	var oob [24]byte
	n, fds, err := r.receive(b[:], oob[:])
	if errors.Is(err, ErrEmpty) {
		return err
	}
	if err != nil {
		return fmt.Errorf("take flow: %w", err)
	}
	if err := f.unmarshal(b[:n]); err != nil {
		closeAll(fds)
		return err
	}
	want := 2
	if b[1]&flagAlone != 0 {
		want = 1
	}
	if len(fds) != want {
		closeAll(fds)
		return fmt.Errorf("take flow: message carries %d sockets, want %d (is the descriptor limit reached?)", len(fds), want)
	}
	f.ClientFD, f.UpstreamFD = fds[0], NoSocket
	if want == 2 {
		f.UpstreamFD = fds[1]
	}
	return nil
}

// receive takes the oldest message: n bytes and its sockets. It returns
// ErrEmpty when none waits, and EPIPE when none will come any more.
func (r *Receiver) receive(b, oob []byte) (n int, fds []int, err error) {
	n, oobn, _, _, err := unix.Recvmsg(r.fd, b, oob, unix.MSG_CMSG_CLOEXEC)
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return 0, nil, ErrEmpty
	case err != nil:
		return 0, nil, err
	case n == 0 && oobn == 0:
		return 0, nil, unix.EPIPE
	}
	fds, err = rights(oob[:oobn])
	return n, fds, err
}

// Waiting is how many flows nobody has taken yet.
func (r *Receiver) Waiting() (int, error) {
	n, err := r.waiting()
	if err != nil {
		return 0, fmt.Errorf("count waiting flows: %w", err)
	}
	return n / messageSize, nil
}

// waiting is how many bytes nobody has taken yet.
func (r *Receiver) waiting() (int, error) { return unix.IoctlGetInt(r.fd, unix.SIOCINQ) }

// Close closes this holder's receiving end.
func (r *Receiver) Close() error { return unix.Close(r.fd) }

func rights(oob []byte) ([]int, error) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, fmt.Errorf("read control message: %w", err)
	}
	var fds []int
	for i := range messages {
		got, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			continue
		}
		fds = append(fds, got...)
	}
	return fds, nil
}

func closeAll(fds []int) {
	for _, fd := range fds {
		_ = unix.Close(fd)
	}
}

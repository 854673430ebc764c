package handover

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// SupplyBatch is how many sockets one message of a supply carries.
const SupplyBatch = 32

// A supply is a queue made by Pair that carries sockets without a flow: ones
// that only a privileged process can make, for another to use.

// SendSockets queues a batch of SupplyBatch sockets. The caller keeps its own
// descriptors and closes them.
func (s *Sender) SendSockets(batch *[SupplyBatch]int) error {
	err := unix.Sendmsg(s.fd, []byte{messageVersion}, unix.UnixRights(batch[:]...), nil, unix.MSG_NOSIGNAL)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ETOOMANYREFS), errors.Is(err, unix.ENOBUFS):
		return ErrFull
	}
	return fmt.Errorf("supply sockets: %w", err)
}

// ReceiveSockets takes the oldest batch, appended to fds. It returns ErrEmpty
// at once when none waits.
func (r *Receiver) ReceiveSockets(fds []int) ([]int, error) {
	var b [1]byte
	var oob [16 + 4*SupplyBatch]byte // cmsghdr and the descriptors (cmsg(3))
	n, oobn, _, _, err := unix.Recvmsg(r.fd, b[:], oob[:], unix.MSG_CMSG_CLOEXEC)
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return fds, ErrEmpty
	case err != nil:
		return fds, fmt.Errorf("take sockets: %w", err)
	case n == 0:
		return fds, fmt.Errorf("take sockets: %w", unix.EPIPE)
	case oobn == 0:
		return fds, fmt.Errorf("take sockets: %w", unix.EMFILE)
	}
	got, err := rights(oob[:oobn])
	if err != nil {
		return fds, err
	}
	return append(fds, got...), nil
}

// Batches is how many batches nobody has taken yet.
func (r *Receiver) Batches() (int, error) {
	n, err := unix.IoctlGetInt(r.fd, unix.SIOCINQ)
	if err != nil {
		return 0, fmt.Errorf("count supplied sockets: %w", err)
	}
	return n, nil
}

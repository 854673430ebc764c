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
	err := s.send([]byte{messageVersion}, batch[:])
	if err == nil || errors.Is(err, ErrFull) {
		return err
	}
	return fmt.Errorf("supply sockets: %w", err)
}

// ReceiveSockets takes the oldest batch, appended to fds. It returns ErrEmpty
// at once when none waits.
func (r *Receiver) ReceiveSockets(fds []int) ([]int, error) {
	var b [1]byte
	var oob [16 + 4*SupplyBatch]byte // cmsghdr and the descriptors (cmsg(3))
	_, got, err := r.receive(b[:], oob[:])
	switch {
	case errors.Is(err, ErrEmpty):
		return fds, err
	case err != nil:
		return fds, fmt.Errorf("take sockets: %w", err)
	case len(got) == 0:
		return fds, fmt.Errorf("take sockets: %w", unix.EMFILE)
	}
	return append(fds, got...), nil
}

// Batches is how many batches nobody has taken yet.
func (r *Receiver) Batches() (int, error) {
	n, err := r.waiting()
	if err != nil {
		return 0, fmt.Errorf("count supplied sockets: %w", err)
	}
	return n, nil
}

package handover

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

// batchOf is a batch of one socket many times over: each arrives as one of its own.
func batchOf(fd int) *[SupplyBatch]int {
	var batch [SupplyBatch]int
	for i := range batch {
		batch[i] = fd
	}
	return &batch
}

func TestSupplyArrivesInBatches(t *testing.T) {
	s, r := pair(t)
	a, b := sockets(t)
	defer closeAll([]int{a, b})
	for range 2 {
		if err := s.SendSockets(batchOf(a)); err != nil {
			t.Fatal(err)
		}
	}
	var got []int
	defer func() { closeAll(got) }()
	for left := 2; left > 0; left-- {
		if n, err := r.Batches(); n != left || err != nil {
			t.Fatalf("%d batches wait, %v; want %d", n, err, left)
		}
		var err error
		if got, err = r.ReceiveSockets(got); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != 2*SupplyBatch {
		t.Errorf("%d sockets came, want %d", len(got), 2*SupplyBatch)
	}
	if fds, err := r.ReceiveSockets(nil); len(fds) != 0 || !errors.Is(err, ErrEmpty) {
		t.Errorf("an empty supply gave %d sockets, %v", len(fds), err)
	}
}

func TestFullSupplySaysSo(t *testing.T) {
	s, _ := pair(t)
	a, b := sockets(t)
	defer closeAll([]int{a, b})
	for range 1 << 16 {
		if err := s.SendSockets(batchOf(a)); err != nil {
			if !errors.Is(err, ErrFull) {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("the supply took 65536 batches and was never full")
}

func TestSupplyWithoutSenderHasEnded(t *testing.T) {
	fd, other, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	r := NewReceiver(other)
	defer r.Close()
	_ = unix.Close(fd)
	if _, err := r.ReceiveSockets(nil); !errors.Is(err, unix.EPIPE) {
		t.Errorf("sockets: got %v, want %v", err, unix.EPIPE)
	}
	var f Flow
	if err := r.Receive(&f); !errors.Is(err, unix.EPIPE) {
		t.Errorf("flow: got %v, want %v", err, unix.EPIPE)
	}
}

func TestBatchWithoutSocketsSaysThatDescriptorsRanOut(t *testing.T) {
	s, r := pair(t)
	if err := unix.Sendmsg(s.fd, []byte{messageVersion}, nil, nil, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := r.ReceiveSockets(nil); !errors.Is(err, unix.EMFILE) {
		t.Errorf("got %v, want %v", err, unix.EMFILE)
	}
}

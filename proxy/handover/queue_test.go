package handover

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func pair(t *testing.T) (*Sender, *Receiver) {
	t.Helper()
	s, r, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	sender, receiver := NewSender(s), NewReceiver(r)
	t.Cleanup(func() { _ = sender.Close(); _ = receiver.Close() })
	return sender, receiver
}

func sockets(t *testing.T) (int, int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	return fds[0], fds[1]
}

func send(t *testing.T, s *Sender, id uint64) Flow {
	t.Helper()
	a, b := sockets(t)
	f := Flow{
		ID: id, VLAN: 42, Mirror: true, Health: true, Started: time.Unix(0, 1234567890),
		Client:   netip.MustParseAddrPort("192.0.2.7:40000"),
		Server:   netip.MustParseAddrPort("[2001:db8::1]:80"),
		ClientFD: a, UpstreamFD: b,
	}
	if err := s.Send(&f); err != nil {
		t.Fatal(err)
	}
	_ = unix.Close(a)
	_ = unix.Close(b)
	return f
}

func TestFlowArrivesWhole(t *testing.T) {
	s, r := pair(t)
	want := send(t, s, 9)
	var got Flow
	if err := r.Receive(&got); err != nil {
		t.Fatal(err)
	}
	defer closeAll([]int{got.ClientFD, got.UpstreamFD})
	if _, err := unix.Write(got.ClientFD, []byte("x")); err != nil {
		t.Errorf("client socket is not usable: %v", err)
	}
	var b [2]byte
	if n, err := unix.Read(got.UpstreamFD, b[:]); n != 1 || err != nil {
		t.Errorf("read from upstream socket: %d, %v", n, err)
	}
	want.ClientFD, want.UpstreamFD = got.ClientFD, got.UpstreamFD
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}

func TestEachFlowGoesToOneReceiver(t *testing.T) {
	s, r := pair(t)
	for id := uint64(1); id <= 3; id++ {
		send(t, s, id)
	}
	if n, err := r.Waiting(); n != 3 || err != nil {
		t.Fatalf("waiting: %d, %v; want 3", n, err)
	}
	other, err := unix.Dup(r.FD())
	if err != nil {
		t.Fatal(err)
	}
	back := NewReceiver(other)
	defer back.Close()
	for id := uint64(1); id <= 3; id++ {
		from := r
		if id == 2 {
			from = back
		}
		var f Flow
		if err := from.Receive(&f); err != nil || f.ID != id {
			t.Fatalf("flow %d: got %d, %v", id, f.ID, err)
		}
		closeAll([]int{f.ClientFD, f.UpstreamFD})
	}
	var f Flow
	if err := r.Receive(&f); !errors.Is(err, ErrEmpty) {
		t.Fatalf("empty queue: %v", err)
	}
}

func TestFullQueueSaysSo(t *testing.T) {
	s, _ := pair(t)
	a, b := sockets(t)
	defer closeAll([]int{a, b})
	f := Flow{ID: 1, Client: netip.MustParseAddrPort("192.0.2.1:1"), Server: netip.MustParseAddrPort("192.0.2.2:80"), ClientFD: a, UpstreamFD: b}
	for range 1 << 16 {
		if err := s.Send(&f); err != nil {
			if !errors.Is(err, ErrFull) {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("the queue took 65536 flows and was never full")
}

func TestMalformedMessageIsRefused(t *testing.T) {
	for name, raw := range map[string][]byte{
		"short":         {1, 2, 3},
		"other version": append([]byte{99}, make([]byte, messageSize-1)...),
	} {
		t.Run(name, func(t *testing.T) {
			s, r := pair(t)
			a, b := sockets(t)
			defer closeAll([]int{a, b})
			if err := unix.Sendmsg(s.fd, raw, unix.UnixRights(a, b), nil, 0); err != nil {
				t.Fatal(err)
			}
			var f Flow
			if err := r.Receive(&f); err == nil || errors.Is(err, ErrEmpty) {
				t.Fatalf("got %v, want an error", err)
			}
		})
	}
}

func TestMessageWithoutSocketsIsRefused(t *testing.T) {
	s, r := pair(t)
	if err := unix.Sendmsg(s.fd, make([]byte, messageSize), nil, nil, 0); err != nil {
		t.Fatal(err)
	}
	var f Flow
	if err := r.Receive(&f); err == nil || errors.Is(err, ErrEmpty) {
		t.Fatalf("got %v, want an error", err)
	}
}

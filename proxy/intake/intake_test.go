package intake

import (
	"errors"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"limpid/proxy/handover"
	"limpid/proxy/socket"
)

// bench is an intake on a loopback listener, with the gate's ends of its queues.
type bench struct {
	*Intake
	listener int
	address  netip.AddrPort
	supply   *handover.Sender
	returned *handover.Receiver
	ids      atomic.Uint64
}

// newBench serves connections to a loopback listener; what it connects to as
// health origin is another one, whose descriptor is returned.
func newBench(t *testing.T, settings Settings) (b *bench, origin int) {
	t.Helper()
	b = &bench{}
	var originAddress netip.AddrPort
	b.listener, b.address = listen(t)
	origin, originAddress = listen(t)
	settings.HealthOrigin = originAddress
	supplySend, supplyReceive := pair(t)
	returnSend, returnReceive := pair(t)
	b.supply, b.returned = handover.NewSender(supplySend), handover.NewReceiver(returnReceive)
	b.Intake = New(settings, Sockets{
		Listeners: []int{b.listener}, Supply4: handover.NewReceiver(supplyReceive), Return: handover.NewSender(returnSend),
	}, &b.ids)
	t.Cleanup(b.Close)
	return b, origin
}

func listen(t *testing.T) (int, netip.AddrPort) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := errors.Join(socket.Bind(fd, netip.MustParseAddrPort("127.0.0.1:0")), unix.Listen(fd, 16)); err != nil {
		t.Fatal(err)
	}
	address, err := socket.LocalAddress(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fd, address
}

func pair(t *testing.T) (send, receive int) {
	t.Helper()
	send, receive, err := handover.Pair()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = unix.Close(send), unix.Close(receive) })
	return send, receive
}

// visit connects to the listener and waits until the connection can be accepted.
func (b *bench) visit(t *testing.T) (client int) {
	t.Helper()
	client, err := connectFromBox(b.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(client) })
	if n, err := unix.Poll([]unix.PollFd{{Fd: int32(b.listener), Events: unix.POLLIN}}, 5000); n != 1 {
		t.Fatalf("no connection came: %v", err)
	}
	return client
}

func TestNextOnAnEmptyListener(t *testing.T) {
	b, _ := newBench(t, Settings{})
	var f handover.Flow
	if err := b.Next(b.listener, time.Now(), &f); !errors.Is(err, ErrEmpty) {
		t.Errorf("got %v, want %v", err, ErrEmpty)
	}
}

func TestHealthChecksReachTheirOrigin(t *testing.T) {
	b, origin := newBench(t, Settings{Upstream: Upstream{KeepAddress: true, KeepPort: true}})
	client := b.visit(t)
	var f handover.Flow
	if err := b.Next(b.listener, time.Now(), &f); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = unix.Close(f.ClientFD), unix.Close(f.UpstreamFD) }()
	local, err := socket.LocalAddress(client)
	if err != nil {
		t.Fatal(err)
	}
	if !f.Health || f.Client != local || f.Server != b.address || f.ID == 0 {
		t.Errorf("got %+v, want a health check from %v to %v", f, local, b.address)
	}
	if n, err := unix.Poll([]unix.PollFd{{Fd: int32(origin), Events: unix.POLLIN}}, 5000); n != 1 {
		t.Errorf("nothing came to the origin: %v", err)
	}
}

func TestStashTakesFromTheSupplyUntilNothingIsLeft(t *testing.T) {
	b, _ := newBench(t, Settings{})
	stash := b.stashes.of(b.address.Addr())
	if fd, err := stash.take(); fd != handover.NoSocket || err != nil {
		t.Fatalf("an empty supply gave %d, %v", fd, err)
	}
	var batch [handover.SupplyBatch]int
	for i := range batch {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		batch[i] = fd
	}
	if err := b.supply.SendSockets(&batch); err != nil {
		t.Fatal(err)
	}
	for _, fd := range batch {
		_ = unix.Close(fd)
	}
	for i := range batch {
		fd, err := stash.take()
		if err != nil || fd == handover.NoSocket {
			t.Fatalf("socket %d: %d, %v", i, fd, err)
		}
		if kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); err != nil || kind != unix.SOCK_STREAM {
			t.Errorf("socket %d is of type %d, %v", i, kind, err)
		}
		_ = unix.Close(fd)
	}
	if fd, err := stash.take(); fd != handover.NoSocket || err != nil {
		t.Errorf("a supply that was used up gave %d, %v", fd, err)
	}
}

// TestWithoutASocketTheGateConnects sends a connection from an address that is
// not loopback's through connect as the intake would, with nothing in the stash.
func TestWithoutASocketTheGateConnects(t *testing.T) {
	b, _ := newBench(t, Settings{Upstream: Upstream{KeepAddress: true}})
	f := handover.Flow{
		ID: 7, Client: netip.MustParseAddrPort("192.0.2.1:40000"), Server: netip.MustParseAddrPort("192.0.2.2:80"),
		UpstreamFD: handover.NoSocket,
	}
	if err := b.connect(&f); err != nil || f.UpstreamFD != handover.NoSocket {
		t.Fatalf("connect gave socket %d, %v", f.UpstreamFD, err)
	}
	f.ClientFD = b.visit(t)
	if err := b.sockets.Return.Send(&f); err != nil {
		t.Fatal(err)
	}
	var got handover.Flow
	if err := b.returned.Receive(&got); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(got.ClientFD)
	if got.UpstreamFD != handover.NoSocket || got.Client != f.Client || got.Server != f.Server || got.ID != f.ID {
		t.Errorf("the gate got %+v, want %+v", got, f)
	}
}

// A connection that the gate has no room for is kept and given when it has; no
// further one is taken from the backlog before.
func TestConnectionsWaitForTheGate(t *testing.T) {
	b, origin := newBench(t, Settings{})
	filler := handover.Flow{ID: 100, Client: b.address, Server: b.address, ClientFD: origin, UpstreamFD: handover.NoSocket}
	queued := 0
	for b.sockets.Return.Send(&filler) == nil {
		queued++
	}
	server, client := pair(t)
	kept, err := unix.Dup(client)
	if err != nil {
		t.Fatal(err)
	}
	f := handover.Flow{ID: 7, Client: b.address, Server: b.address, ClientFD: kept, UpstreamFD: handover.NoSocket}
	if err := b.giveBack(&f); !errors.Is(err, ErrWait) {
		t.Fatalf("a full queue: %v, want %v", err, ErrWait)
	}
	b.visit(t)
	for range 3 {
		if err := b.Next(b.listener, time.Now(), &f); !errors.Is(err, ErrWait) {
			t.Fatalf("a full queue: %v, want %v", err, ErrWait)
		}
	}
	receive := func(want uint64) {
		t.Helper()
		var got handover.Flow
		if err := b.returned.Receive(&got); err != nil || got.ID != want {
			t.Fatalf("the gate got flow %d, %v, want %d", got.ID, err, want)
		}
		_ = unix.Close(got.ClientFD)
	}
	for range queued {
		receive(filler.ID)
	}
	if err := b.Retry(); err != nil {
		t.Errorf("there is room again: %v", err)
	}
	receive(7)
	_ = unix.Close(client)
	if n, err := unix.Read(server, make([]byte, 1)); n != 0 || err != nil {
		t.Errorf("its socket is still open somewhere: %d, %v", n, err)
	}
	if err := b.Next(b.listener, time.Now(), &f); err != nil || !f.Health {
		t.Errorf("the connection that waited: %v", err)
	}
	_, _ = unix.Close(f.ClientFD), unix.Close(f.UpstreamFD)
}

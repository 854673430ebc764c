package intake

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"limpid/proxy/handover"
	"limpid/proxy/socket"
)

// ErrEmpty says that no connection waits.
var ErrEmpty = errors.New("no connection waits")

// ErrReturned says that a connection was given to the gate, which hands it over.
var ErrReturned = errors.New("returned to the gate")

// ErrWait says that no connection can be taken now, since descriptors have run
// out or the gate has no room: they wait in the listener's backlog.
var ErrWait = errors.New("connections have to wait")

// Settings is what an intake is told.
type Settings struct {
	Upstream
	// Mark is what an accepted socket carries (SO_MARK) when its client is in
	// no VLAN, 0 when there are no VLANs to tell apart.
	Mark uint32 `json:"mark"`
}

// Sockets is what an intake works with. It owns none of it.
type Sockets struct {
	Listeners        []int // TPROXY listeners, nonblocking
	Supply4, Supply6 *handover.Receiver
	Return           *handover.Sender
}

// Intake takes connections for one event loop.
type Intake struct {
	settings Settings
	sockets  Sockets
	ids      *atomic.Uint64
	stashes  stashes
	kept     *handover.Flow // that the gate had no room for; nil for none
}

// Descriptors is how many descriptors the stash of one intake holds at most, with
// the connection that it keeps.
const Descriptors = 2*handover.SupplyBatch + 1

// New makes an intake. ids numbers the flows of all intakes of a process.
func New(settings Settings, sockets Sockets, ids *atomic.Uint64) *Intake {
	return &Intake{
		settings: settings, sockets: sockets, ids: ids,
		stashes: stashes{v4: stash{supply: sockets.Supply4}, v6: stash{supply: sockets.Supply6}},
	}
}

// Close closes what is left in the stash.
func (i *Intake) Close() {
	if i.kept != nil {
		socket.Reset(i.kept.ClientFD)
		i.kept = nil
	}
	i.stashes.v4.close()
	i.stashes.v6.close()
}

// Next takes one connection off a listener, connects as the client to where it
// wanted to go, and describes both in f. It returns ErrEmpty, ErrReturned or
// ErrWait, or why a connection was lost; its client is reset then.
func (i *Intake) Next(listener int, now time.Time, f *handover.Flow) error {
	if err := i.Retry(); err != nil {
		return err
	}
	fd, client, err := socket.Accept(listener)
	switch {
	case err == nil:
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ECONNABORTED), errors.Is(err, unix.EINTR):
		return ErrEmpty
	case socket.OutOfDescriptors(err):
		return fmt.Errorf("accept: %w: %w", ErrWait, err)
	default:
		return fmt.Errorf("accept: %w", err)
	}
	server, err := socket.LocalAddress(fd)
	if err != nil {
		socket.Close(fd)
		return ErrEmpty // gone already
	}
	*f = handover.Flow{ID: i.ids.Add(1), Client: client, Server: server, Started: now, ClientFD: fd, UpstreamFD: handover.NoSocket}
	if err := i.connect(f); err != nil {
		socket.Reset(fd)
		return err
	}
	if f.UpstreamFD == handover.NoSocket {
		return i.giveBack(f)
	}
	return nil
}

// Retry sends the gate the connection it had no room for, if there is one. It
// returns ErrWait or why the connection was lost.
func (i *Intake) Retry() error {
	if i.kept == nil {
		return nil
	}
	if err := i.giveBack(i.kept); !errors.Is(err, ErrReturned) {
		return err
	}
	return nil
}

// giveBack sends a connection to the gate. One that finds the queue full, since the
// gate is just being started again, is kept, and no further one taken until it is
// gone: the others wait in the listener's backlog.
func (i *Intake) giveBack(f *handover.Flow) error {
	switch err := i.sockets.Return.Send(f); {
	case err == nil:
		socket.Close(f.ClientFD)
		i.kept = nil
		return ErrReturned
	case errors.Is(err, handover.ErrFull):
		if i.kept == nil {
			kept := *f
			i.kept = &kept
		}
		return fmt.Errorf("return connection %v to %v: %w: %w", f.Client, f.Server, ErrWait, err)
	default:
		i.kept = nil
		socket.Reset(f.ClientFD)
		return fmt.Errorf("return connection %v to %v: %w", f.Client, f.Server, err)
	}
}

// connect gives f its upstream socket, unless the gate must.
func (i *Intake) connect(f *handover.Flow) (err error) {
	if f.Server.Addr().IsLoopback() {
		return i.settings.ConnectHealth(f)
	}
	if i.settings.Mark != 0 {
		mark, err := unix.GetsockoptInt(f.ClientFD, unix.SOL_SOCKET, unix.SO_MARK)
		if err != nil || uint32(mark) != i.settings.Mark {
			return nil //nolint:nilerr // the gate finds out
		}
	}
	fd, err := i.stashes.of(f.Server.Addr()).take()
	if err != nil || fd == handover.NoSocket {
		return nil //nolint:nilerr // out of sockets or of descriptors: the gate connects
	}
	if err := i.settings.BindAs(fd, f.Client); err != nil {
		socket.Close(fd)
		return nil //nolint:nilerr // EACCES: below 1024; whatever else it is, the gate says so
	}
	// What the client has sent by then goes with the ACK that ends the handshake;
	// where it has not, relay sees to that ACK (leg.Pair.Confirm).
	_ = socket.Set(fd, unix.SOL_TCP, unix.TCP_QUICKACK, 0)
	if err := socket.Connect(fd, f.Server); err != nil {
		socket.Close(fd)
		if errors.Is(err, unix.EADDRNOTAVAIL) {
			return nil // the client's last connection still has the port: the gate waits for its end
		}
		return fmt.Errorf("connect %v to %v: %w", f.Client, f.Server, err)
	}
	f.UpstreamFD, f.Unprobed = fd, true
	return nil
}

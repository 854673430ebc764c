package gate

import (
	"errors"

	"golang.org/x/sys/unix"

	"limpid/proxy/handover"
	"limpid/proxy/socket"
)

// supplyBatches is how many batches wait in a supply: what the proxy uses up
// between two ticks at 10,000 new connections a second. When they are gone it
// returns connections, which costs more and loses nothing.
const supplyBatches = 8

// Supply is a queue through which the proxy gets prepared upstream sockets of
// one address family. The gate holds both ends, to see how many are left.
type Supply struct {
	Family   int // AF_INET or AF_INET6
	Sender   *handover.Sender
	Receiver *handover.Receiver
}

// stock fills up what the proxy has used.
func (g *Gate) stock() {
	if !g.proxy.alive {
		return
	}
	for _, s := range g.Supplies {
		waiting, err := s.Receiver.Batches()
		for ; err == nil && waiting < supplyBatches; waiting++ {
			err = g.supply(s)
		}
		if err != nil && !errors.Is(err, handover.ErrFull) {
			g.log.Debug("cannot supply upstream sockets", "error", err)
		}
	}
}

// supply sends one batch.
func (g *Gate) supply(s Supply) error {
	var batch [handover.SupplyBatch]int
	for i := range batch {
		fd, err := g.upstream(s.Family, 0)
		if err != nil {
			closeSockets(batch[:i])
			return err
		}
		batch[i] = fd
	}
	defer closeSockets(batch[:])
	return s.Sender.SendSockets(&batch)
}

func closeSockets(fds []int) {
	for _, fd := range fds {
		socket.Close(fd)
	}
}

// clear throws away what was prepared for a proxy that had other settings.
func (s Supply) clear() {
	for {
		fds, err := s.Receiver.ReceiveSockets(nil)
		if err != nil {
			return
		}
		closeSockets(fds)
	}
}

// returns takes the connections that the proxy has accepted and cannot connect:
// the client is in a VLAN, uses a port below 1024, or the supply had run out.
type returns struct {
	gate *Gate
	flow handover.Flow
}

// Ready connects them and hands them over.
func (r *returns) Ready(uint32) {
	for range acceptBatch {
		if err := r.gate.Returned.Receive(&r.flow); err != nil {
			if errors.Is(err, unix.EPIPE) {
				r.gate.loop.Remove(r.gate.Returned.FD()) // supervisor and proxy are gone
			}
			if !errors.Is(err, handover.ErrEmpty) {
				r.gate.log.Error("cannot take a returned connection", "error", err)
			}
			break
		}
		r.gate.forward(&r.flow)
	}
	r.gate.stock()
}

package supervise

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"limpid/appliance/child"
	"limpid/proxy/handover"
	"limpid/proxy/scoreboard"
)

// sockets are the descriptors that outlive every child. What waits in them
// while a child is restarted is not lost.
type sockets struct {
	listen4, listen6 int // child.Absent when IPv6 is off
	send, receive    int // hand-over queue
	supply4, supply6 queue
	returned         queue
	gateFile         *os.File
	proxyFile        *os.File
	gateBoard        *scoreboard.Board
	proxyBoard       *scoreboard.Board
}

// awaitSockets is openSockets, tried again for a while when a port is taken: by
// a child of a supervisor that was killed, perhaps, which is about to end.
func awaitSockets(ctx context.Context, port uint16, ipv6 bool, keep keepalive) (*sockets, error) {
	for deadline := time.Now().Add(orphanPatience); ; {
		s, err := openSockets(port, ipv6, keep)
		if err == nil || !errors.Is(err, unix.EADDRINUSE) || ctx.Err() != nil || time.Now().After(deadline) {
			return s, err
		}
		wait(ctx, 50*time.Millisecond, nil)
	}
}

// openSockets makes them all, or none.
func openSockets(port uint16, ipv6 bool, keep keepalive) (*sockets, error) {
	s := &sockets{
		listen4: child.Absent, listen6: child.Absent, send: child.Absent, receive: child.Absent,
		supply4: noQueue(), supply6: noQueue(), returned: noQueue(),
	}
	if err := s.open(port, ipv6, keep); err != nil {
		_ = s.close()
		return nil, err
	}
	return s, nil
}

func (s *sockets) open(port uint16, ipv6 bool, keep keepalive) error {
	err := raiseBacklog()
	if err != nil {
		return err
	}
	if s.listen4, err = listenTPROXY(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port), keep); err != nil {
		return err
	}
	if ipv6 {
		if s.listen6, err = listenTPROXY(netip.AddrPortFrom(netip.IPv6Loopback(), port), keep); err != nil {
			return err
		}
	}
	if s.send, s.receive, err = handover.Pair(); err != nil {
		return err
	}
	if err := s.openQueues(ipv6); err != nil {
		return err
	}
	if s.gateFile, s.gateBoard, err = openBoard("limpid-gate"); err != nil {
		return err
	}
	s.proxyFile, s.proxyBoard, err = openBoard("limpid-proxy")
	return err
}

// queue is both ends of a queue between gate and proxy, or child.Absent.
type queue struct{ send, receive int }

func noQueue() queue { return queue{child.Absent, child.Absent} }

// openQueues makes those that a proxy needs to accept connections itself.
func (s *sockets) openQueues(ipv6 bool) (err error) {
	for _, q := range []struct {
		queue  *queue
		wanted bool
	}{{&s.supply4, true}, {&s.supply6, ipv6}, {&s.returned, true}} {
		if !q.wanted {
			continue
		}
		if q.queue.send, q.queue.receive, err = handover.Pair(); err != nil {
			return err
		}
	}
	return nil
}

func openBoard(name string) (*os.File, *scoreboard.Board, error) {
	file, err := scoreboard.Create(name)
	if err != nil {
		return nil, nil, err
	}
	board, err := scoreboard.Open(file)
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return file, board, nil
}

// gateFiles are the gate's descriptors from child.LinkFD on. rules may be child.Absent.
func (s *sockets) gateFiles(link, rules int) []int {
	return []int{
		link, s.send, s.receive, int(s.gateFile.Fd()), int(s.proxyFile.Fd()), s.listen4, s.listen6, rules,
		s.supply4.send, s.supply4.receive, s.supply6.send, s.supply6.receive, s.returned.receive,
	}
}

// proxyFiles are the proxy's descriptors from child.LinkFD on. Those it needs
// to accept connections itself are left out unless it is to.
func (s *sockets) proxyFiles(link int, accepts bool) []int {
	files := []int{link, s.receive, int(s.proxyFile.Fd())}
	if !accepts {
		return files
	}
	return append(files, s.listen4, s.listen6, s.supply4.receive, s.supply6.receive, s.returned.send)
}

// proxyEnded balances the books of a proxy that is gone: its flows are.
func (s *sockets) proxyEnded() {
	s.proxyBoard.Set(scoreboard.Ended, s.proxyBoard.Get(scoreboard.Taken))
	s.proxyBoard.Set(scoreboard.HealthEnded, s.proxyBoard.Get(scoreboard.HealthTaken))
}

// gateEnded does so for the tunnels a gate carried.
func (s *sockets) gateEnded() {
	s.gateBoard.Set(scoreboard.CarriedEnded, s.gateBoard.Get(scoreboard.Carried))
}

// active is how many clients' flows are open, in the proxy and in the gate.
func (s *sockets) active() uint64 {
	// Ends are read before beginnings: what ends meanwhile then counts as open,
	// and the difference is never below 0.
	p, g := s.proxyBoard, s.gateBoard
	ended := p.Get(scoreboard.Ended) + p.Get(scoreboard.HealthTaken) + g.Get(scoreboard.CarriedEnded)
	begun := p.Get(scoreboard.Taken) + p.Get(scoreboard.HealthEnded) + g.Get(scoreboard.Carried)
	if begun < ended {
		return 0
	}
	return begun - ended
}

// held is how many clients' flows are open in the proxy.
func (s *sockets) held() uint64 {
	p := s.proxyBoard
	ended := p.Get(scoreboard.Ended) + p.Get(scoreboard.HealthTaken)
	begun := p.Get(scoreboard.Taken) + p.Get(scoreboard.HealthEnded)
	return begun - min(begun, ended)
}

func (s *sockets) close() error {
	var errs []error
	for _, fd := range []int{
		s.listen4, s.listen6, s.send, s.receive, s.supply4.send, s.supply4.receive,
		s.supply6.send, s.supply6.receive, s.returned.send, s.returned.receive,
	} {
		if fd != child.Absent {
			errs = append(errs, unix.Close(fd))
		}
	}
	for _, file := range []*os.File{s.gateFile, s.proxyFile} {
		if file != nil {
			errs = append(errs, file.Close())
		}
	}
	for _, board := range []*scoreboard.Board{s.gateBoard, s.proxyBoard} {
		if board != nil {
			errs = append(errs, board.Close())
		}
	}
	return errors.Join(errs...)
}

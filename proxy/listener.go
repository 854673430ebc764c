package proxy

import (
	"errors"

	"limpid/proxy/intake"
	"limpid/proxy/scoreboard"
)

// listener is a TPROXY listener as one loop sees it.
type listener struct {
	server *server
	fd     int
}

// listeners are those the loop accepts on: none when the gate does.
func (s *server) listeners() []int {
	if s.intake == nil {
		return nil
	}
	return s.proxy.sockets.Intake.Listeners
}

// Ready takes connections that wait.
func (l *listener) Ready(uint32) {
	s := l.server
	for range takeBatch {
		if s.full() {
			return
		}
		err := s.intake.Next(l.fd, s.loop.Now(), &s.flow)
		if !errors.Is(err, intake.ErrEmpty) && !errors.Is(err, intake.ErrWait) {
			s.proxy.sockets.Board.Add(scoreboard.Accepts, 1)
		}
		switch {
		case err == nil:
			s.proxy.sockets.Board.Add(scoreboard.Direct, 1)
			s.worker.Take(&s.flow)
		case errors.Is(err, intake.ErrEmpty):
			return
		case errors.Is(err, intake.ErrReturned):
		case errors.Is(err, intake.ErrWait):
			// The gate takes what waits too long.
			s.unwatch()
			s.complain("connections wait", err)
			return
		default:
			s.proxy.sockets.Board.Add(scoreboard.UpstreamLost, 1)
			s.complain("connection lost", err)
		}
	}
}

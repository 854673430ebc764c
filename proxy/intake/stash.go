package intake

import (
	"errors"
	"net/netip"

	"limpid/proxy/handover"
	"limpid/proxy/socket"
)

// stash holds upstream sockets of one address family until they are used.
type stash struct {
	supply *handover.Receiver // nil for none
	fds    []int
}

// take returns a prepared socket, or handover.NoSocket when none is left.
func (s *stash) take() (int, error) {
	if len(s.fds) == 0 {
		if s.supply == nil {
			return handover.NoSocket, nil
		}
		var err error
		s.fds, err = s.supply.ReceiveSockets(s.fds)
		if errors.Is(err, handover.ErrEmpty) {
			return handover.NoSocket, nil
		}
		if err != nil || len(s.fds) == 0 {
			return handover.NoSocket, err
		}
	}
	fd := s.fds[len(s.fds)-1]
	s.fds = s.fds[:len(s.fds)-1]
	return fd, nil
}

func (s *stash) close() {
	for _, fd := range s.fds {
		socket.Close(fd)
	}
	s.fds = nil
}

// stashes are those of both families.
type stashes struct{ v4, v6 stash }

func (s *stashes) of(a netip.Addr) *stash {
	if a.Is4() {
		return &s.v4
	}
	return &s.v6
}

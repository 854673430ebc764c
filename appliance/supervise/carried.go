package supervise

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"

	"limpid/appliance/child"
	"limpid/appliance/credential"
)

// Carried is what outlives a supervisor in memory, for the next one of the same process:
// the page's credentials, which may have no folder, its listening sockets, in which who
// comes meanwhile waits, and what the page's process has said of its sessions for the
// one after it. It is read by nobody else, and ends with limpid.
type Carried struct {
	store   *credential.Store
	sockets *pageSockets

	mu       sync.Mutex
	sessions json.RawMessage
}

func newCarried(credentials string) *Carried {
	return &Carried{store: credential.Open(credentials), sockets: &pageSockets{}}
}

// keep is the handler of child.MethodSessions.
func (c *Carried) keep(sessions json.RawMessage) (any, error) {
	if len(sessions) > child.MaxSessions {
		return nil, fmt.Errorf("hand on sessions: %d bytes: there may be %d", len(sessions), child.MaxSessions)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sessions = bytes.Clone(sessions)
	return struct{}{}, nil
}

// forget is called when the page's process has ended and was not meant to: it may have been
// somebody else's by then, and what it has said is not believed.
func (c *Carried) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sessions = nil
}

// handedOn is for the process that starts.
func (c *Carried) handedOn() json.RawMessage {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.sessions)
}

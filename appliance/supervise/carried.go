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
	ordered  bool // the process ends since a supervisor wants it to
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

// handOn is called before the page's process is ended on purpose.
func (c *Carried) handOn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ordered = true
}

// ended is called when the page's process has ended. One that was not meant to may have
// been somebody else's by then: what it has said is not believed.
func (c *Carried) ended() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ordered {
		c.sessions = nil
	}
}

// handedOn is for the process that starts, and for nobody else: that one is not meant
// to end.
func (c *Carried) handedOn() json.RawMessage {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ordered = false
	return bytes.Clone(c.sessions)
}

package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Session is somebody who has logged in, as the page's process hands it on to the next:
// a digest of what the cookie says, and never that itself.
type Session struct {
	Key   string    `json:"key"` // SHA-256, in hexadecimal
	Begun time.Time `json:"begun"`
	Seen  time.Time `json:"seen"`
	Full  bool      `json:"full"` // it is the owner's, and not one that only looks
	Hash  string    `json:"hash"` // of the password they knew: with another one it is over
	From  string    `json:"from"`
	Agent string    `json:"agent"`
}

// toldEvery is how often it is told that a session is used, at most.
const toldEvery = time.Minute

// wake has it told that the sessions are others. It is called with the lock held.
func (s *sessions) wake() {
	s.told = s.clock()
	select {
	case s.changed <- struct{}{}:
	default: // it is to be told already
	}
}

// handed are the sessions as they are handed on.
func (s *sessions) handed() []Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Session, 0, len(s.all))
	for key, one := range s.all {
		all = append(all, Session{
			Key: hex.EncodeToString(key[:]), Begun: one.begun, Seen: one.seen, Full: one.scope == owners, Hash: one.hash, From: one.from, Agent: one.agent,
		})
	}
	return all
}

// adopt takes over what the process before has handed on. Whether a session still holds
// is looked at when it is used, as ever.
func (s *sessions) adopt(all []Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range all {
		digest, err := hex.DecodeString(one.Key)
		if err != nil || len(digest) != sha256.Size || one.Hash == "" {
			continue
		}
		h := holder{readers, one.Hash}
		if one.Full {
			h.scope = owners
		}
		s.makeRoom(h.scope)
		s.all[[sha256.Size]byte(digest)] = &session{begun: one.Begun, seen: one.Seen, holder: h, from: one.From, agent: one.Agent[:min(maxAgent, len(one.Agent))]}
	}
}

// HandOn tells who is logged in whenever that has changed, until ctx ends, and then
// once more: for the process that comes after this one. What cannot be told costs a
// login.
func (p *Page) HandOn(ctx context.Context, tell func([]Session) error) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-p.sessions.changed:
		}
		if err := tell(p.sessions.handed()); err != nil {
			p.log.Warn("who is logged in cannot be handed on", "error", err)
		}
	}
}

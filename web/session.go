package web

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Lives of a session, and how many there may be of each scope; with one more the one
// of them that was quiet for longest ends.
const (
	idleLife    = 12 * time.Hour
	longestLife = 7 * 24 * time.Hour
	maxSessions = 32
)

// cookieName has the prefix by which browsers make sure that the cookie came over
// HTTPS from this very host (RFC 6265bis, 4.1.3.2).
const cookieName = "__Host-limpid"

// session is somebody who has logged in.
type session struct {
	begun, seen time.Time
	holder             // of the password they knew: with another one the session is over
	from, agent string // where it began, and with which browser
}

// maxAgent bounds what is kept of a browser's name, in bytes.
const maxAgent = 200

// sessions are kept in memory, by a digest of what the cookie says: who can read memory
// still has no cookie.
type sessions struct {
	clock   func() time.Time
	changed chan struct{} // they are others than when it was told last

	mu   sync.Mutex
	all  map[[sha256.Size]byte]*session
	told time.Time
}

func newSessions(clock func() time.Time) *sessions {
	return &sessions{clock: clock, all: make(map[[sha256.Size]byte]*session), changed: make(chan struct{}, 1)}
}

// begin starts a session and sets its cookie.
func (s *sessions) begin(w http.ResponseWriter, r *http.Request, h holder) {
	token := rand.Text()
	now := s.clock()
	s.mu.Lock()
	s.makeRoom(h.scope)
	s.all[sha256.Sum256([]byte(token))] = &session{
		begun: now, seen: now, holder: h,
		from: neighbour(r.RemoteAddr).String(), agent: strings.ToValidUTF8(r.UserAgent()[:min(maxAgent, len(r.UserAgent()))], ""),
	}
	s.wake()
	s.mu.Unlock()
	setCookie(w, token, int(longestLife/time.Second))
}

// makeRoom is called with the lock held, before one more begins: who may only look
// ends no session of who may do more.
func (s *sessions) makeRoom(scope scope) {
	var oldest [sha256.Size]byte
	var at time.Time
	count := 0
	for key, one := range s.all {
		if one.scope != scope {
			continue
		}
		count++
		if at.IsZero() || one.seen.Before(at) {
			oldest, at = key, one.seen
		}
	}
	if count >= maxSessions {
		delete(s.all, oldest)
	}
}

// scope says what the one who asks may do, who has logged in with one of the passwords
// that hold now.
func (s *sessions) scope(r *http.Request, holders []holder) scope {
	key, ok := keyOf(r)
	if !ok {
		return strangers
	}
	now := s.clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.all[key]
	if one == nil {
		return strangers
	}
	if one.over(holders, now) {
		delete(s.all, key)
		return strangers
	}
	one.seen = now
	if now.Sub(s.told) >= toldEvery {
		s.wake()
	}
	return one.scope
}

// holds says whether a session goes on, and does not count as its use.
func (s *sessions) holds(key [sha256.Size]byte, holders []holder) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.all[key]
	return one != nil && !one.over(holders, s.clock())
}

// over says whether a session has ended, where holders are the passwords that hold.
func (o *session) over(holders []holder, now time.Time) bool {
	return !slices.Contains(holders, o.holder) || now.Sub(o.seen) > idleLife || now.Sub(o.begun) > longestLife
}

// listed is a session as its owner sees it.
type listed struct {
	ID          string // names it, and is not what the cookie says
	Begun, Seen time.Time
	From, Agent string
	Own         bool // of who asks
	Reads       bool // and changes nothing
}

// list gives the sessions that hold, the one used last first.
func (s *sessions) list(r *http.Request, holders []holder) []listed {
	own, _ := keyOf(r)
	now := s.clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []listed
	for key, one := range s.all {
		if !one.over(holders, now) {
			all = append(all, listed{nameOf(key), one.begun, one.seen, one.from, one.agent, key == own, one.scope == readers})
		}
	}
	slices.SortFunc(all, func(a, b listed) int { return cmp.Or(b.Seen.Compare(a.Seen), cmp.Compare(a.ID, b.ID)) })
	return all
}

// revoke ends the session of that name, and says whether there was one.
func (s *sessions) revoke(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.all {
		if nameOf(key) == name {
			delete(s.all, key)
			s.wake()
			return true
		}
	}
	return false
}

// nameOf is a digest of the digest: it leads to nobody's cookie.
func nameOf(key [sha256.Size]byte) string {
	sum := sha256.Sum256(key[:])
	return hex.EncodeToString(sum[:8])
}

// end ends the session of a request.
func (s *sessions) end(w http.ResponseWriter, r *http.Request) {
	if key, ok := keyOf(r); ok {
		s.mu.Lock()
		if s.all[key] != nil { // strangers may say what they like
			delete(s.all, key)
			s.wake()
		}
		s.mu.Unlock()
	}
	setCookie(w, "", -1)
}

func keyOf(r *http.Request) (key [sha256.Size]byte, ok bool) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return key, false
	}
	return sha256.Sum256([]byte(cookie.Value)), true
}

// sessionOf is the key of a request that has one.
func sessionOf(r *http.Request) [sha256.Size]byte {
	key, _ := keyOf(r)
	return key
}

func setCookie(w http.ResponseWriter, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: maxAge, Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}

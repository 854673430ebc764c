package web

import "limpid/appliance/control"

// scope is what somebody may do; each has what those before have.
type scope int

// Scopes.
const (
	strangers scope = iota // see what harms nobody
	readers                // see everything, and change nothing
	owners
)

// scopeOf is the scope that a token has.
func scopeOf(token string) scope {
	switch token {
	case control.ScopeFull:
		return owners
	case control.ScopeRead:
		return readers
	}
	return strangers
}

// holder is one of the passwords: what is kept of it, and what it lets its owner do.
type holder struct {
	scope scope
	hash  string
}

// holders are the passwords that are set.
func (l *look) holders() []holder {
	var all []holder
	for _, h := range []holder{{owners, l.hash}, {readers, l.reader}} {
		if h.hash != "" {
			all = append(all, h)
		}
	}
	return all
}

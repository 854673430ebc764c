package web

import "net/http"

// frame is what stands around every page.
type frame struct {
	Title    string
	Here     string // the address of the page, for the marks in the navigation
	Scripts  []string
	LoggedIn bool
	Full     bool   // who has logged in may change things
	Refresh  string // where a browser without scripts looks again; empty: it stays
	Message  string
	Version  string
	Zone     string  // in which times are told
	Bypass   *moment // an ordered one, and when it ends, on pages that do not show it by themselves; nil: there is none
	Style    string  // addresses of assets
	Icon     string
}

// frameOf makes one for a request; scripts are names of assets.
func (p *Page) frameOf(l look, who scope, here string, scripts ...string) frame {
	f := frame{Here: here, LoggedIn: who >= readers, Full: who >= owners, Style: p.assets.address["style.css"], Icon: p.assets.address["icon.svg"]}
	for _, name := range scripts {
		f.Scripts = append(f.Scripts, p.assets.address[name])
	}
	if b := l.status.Bypass; f.LoggedIn && here != "/" && b.On {
		f.Bypass = &moment{}
		if !b.Until.IsZero() {
			*f.Bypass = leftUntil(b.Until, p.clock(), l.zone())
			f.Scripts = append(f.Scripts, p.assets.address["countdown.js"])
		}
	}
	if f.LoggedIn {
		f.Version, f.Zone = l.status.Version, l.zone().String()
	}
	return f
}

// visitor says what is known, and what who asks may do.
func (p *Page) visitor(r *http.Request) (l look, who scope) {
	l = p.watcher.now()
	if l.err != nil {
		return l, strangers
	}
	return l, p.sessions.scope(r, l.holders())
}

// onlyLooks is what readers are told who would change something.
const onlyLooks = "You have logged in to look: only the owner's password lets you change something."

// admit lets only those in who may; others get the first page, with its login, and
// are told why.
func (p *Page) admit(t route) http.HandlerFunc {
	if t.who == strangers {
		return t.handle
	}
	return func(w http.ResponseWriter, r *http.Request) {
		switch l, who := p.visitor(r); {
		case l.err != nil:
			p.render(w, r, http.StatusServiceUnavailable, silent)
		case who == strangers:
			p.render(w, r, http.StatusForbidden, t.first)
		case who < t.who:
			p.render(w, r, http.StatusForbidden, onlyLooks)
		default:
			t.handle(w, r)
		}
	}
}

package web

import "net/http"

// frame is what stands around every page.
type frame struct {
	Title    string
	Here     string // the address of the page, for the marks in the navigation
	Scripts  []string
	LoggedIn bool
	Refresh  string // where a browser without scripts looks again; empty: it stays
	Message  string
	Version  string
	Style    string // addresses of assets
	Icon     string
}

// frameOf makes one for a request; scripts are names of assets.
func (p *Page) frameOf(l look, loggedIn bool, here string, scripts ...string) frame {
	f := frame{Here: here, LoggedIn: loggedIn, Style: p.assets.address["style.css"], Icon: p.assets.address["icon.svg"]}
	for _, name := range scripts {
		f.Scripts = append(f.Scripts, p.assets.address[name])
	}
	if loggedIn {
		f.Version = l.status.Version
	}
	return f
}

// visitor says what is known, and whether who asks has logged in.
func (p *Page) visitor(r *http.Request) (l look, loggedIn bool) {
	l = p.watcher.now()
	return l, l.err == nil && p.sessions.valid(r, l.hash)
}

// members lets only those in who have logged in; others get the first page, with its
// login, and are told why.
func (p *Page) members(why string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch l, loggedIn := p.visitor(r); {
		case l.err != nil:
			p.refuse(w, r, http.StatusServiceUnavailable, silent)
		case !loggedIn:
			p.refuse(w, r, http.StatusForbidden, why)
		default:
			next(w, r)
		}
	}
}

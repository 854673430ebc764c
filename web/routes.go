package web

import "net/http"

// maxForm bounds what a form may send, in bytes.
const maxForm = 4 << 10

// Handler is the page over HTTPS.
func (p *Page) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.showPage)
	mux.HandleFunc("GET /live", p.showLive)
	mux.HandleFunc("POST /password", p.setPassword)
	mux.HandleFunc("POST /login", p.login)
	mux.HandleFunc("POST /logout", p.logout)
	mux.HandleFunc("POST /bypass", p.bypass)
	for name := range p.assets.files {
		mux.HandleFunc("GET /"+name, p.assets.serve)
	}
	bounded := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		mux.ServeHTTP(w, r)
	})
	return safeHeaders(onlyKnown(http.NewCrossOriginProtection().Handler(bounded)))
}

package web

import "net/http"

// maxForm bounds what a form may send, in bytes.
const maxForm = 4 << 10

// What those are told who are not let in.
const (
	logFirst   = "Log in to read the log: it tells who asked for what."
	flowsFirst = "Log in to see the flows: they tell who talks with whom."

	accessFirst = "Log in to see who else has."
)

// Handler is the page over HTTPS.
func (p *Page) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.showPage)
	mux.HandleFunc("GET /live", p.showLive)
	mux.HandleFunc("POST /password", p.setPassword)
	mux.HandleFunc("POST /login", p.login)
	mux.HandleFunc("POST /logout", p.logout)
	mux.HandleFunc("POST /bypass", p.bypass)
	mux.HandleFunc("GET /log", p.members(logFirst, p.showLog))
	mux.HandleFunc("GET /log/rows", p.members(logFirst, p.showRows))
	mux.HandleFunc("GET /log/export/{kind}", p.members(logFirst, p.exportLog))
	mux.HandleFunc("GET /flows", p.members(flowsFirst, p.showFlows))
	mux.HandleFunc("POST /flows/{id}/reset", p.members(flowsFirst, p.resetFlow))
	mux.HandleFunc("GET /access", p.members(accessFirst, p.showAccess))
	mux.HandleFunc("POST /access/password", p.members(accessFirst, p.changePassword))
	mux.HandleFunc("POST /access/sessions/{id}/end", p.members(accessFirst, p.endSession))
	for name := range p.assets.files {
		mux.HandleFunc("GET /"+name, p.assets.serve)
	}
	bounded := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		mux.ServeHTTP(w, r)
	})
	return safeHeaders(onlyKnown(http.NewCrossOriginProtection().Handler(bounded)))
}

package web

import "net/http"

// maxForm bounds what a form may send, in bytes; maxSettings one with the text of the
// settings, which may have 256 KiB, each byte of it up to three in a form.
const (
	maxForm     = 4 << 10
	maxSettings = 1 << 20
)

// What those are told who are not let in.
const (
	logFirst   = "Log in to read the log: it tells who asked for what."
	flowsFirst = "Log in to see the flows: they tell who talks with whom."

	settingsFirst = "Log in to see the settings, and to change them."

	updateFirst = "Log in to see the firmware, and to update it."

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
	mux.HandleFunc("GET /settings", p.members(settingsFirst, p.showSettings))
	mux.HandleFunc("POST /settings/review", p.members(settingsFirst, p.reviewSettings))
	mux.HandleFunc("POST /settings/apply", p.members(settingsFirst, p.applySettings))
	mux.HandleFunc("POST /settings/undo", p.members(settingsFirst, p.undoSettings))
	mux.HandleFunc("GET /settings/history", p.members(settingsFirst, p.showHistory))
	mux.HandleFunc("GET /settings/history/{number}", p.members(settingsFirst, p.showVersion))
	mux.HandleFunc("GET /settings/backup", p.members(settingsFirst, p.takeBackup))
	mux.HandleFunc("GET /update", p.members(updateFirst, p.showUpdate))
	mux.HandleFunc("GET /update/state", p.members(updateFirst, p.tellUpdate))
	mux.HandleFunc("PUT "+bundlePath, p.members(updateFirst, p.takeBundle))
	mux.HandleFunc("POST /update/reboot", p.members(updateFirst, p.rebootNow))
	mux.HandleFunc("POST /update/plan", p.members(updateFirst, p.planReboot))
	mux.HandleFunc("POST /update/stay", p.members(updateFirst, p.stayUp))
	mux.HandleFunc("POST /update/back", p.members(updateFirst, p.goBack))
	mux.HandleFunc("GET /settings/confirm", p.askConfirm)
	mux.HandleFunc("POST /settings/confirm", p.confirmSettings)
	for name := range p.assets.files {
		mux.HandleFunc("GET /"+name, p.assets.serve)
	}
	bounded := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		most := int64(maxForm)
		switch r.URL.Path {
		case "/settings/review", "/settings/apply":
			most = maxSettings
		case bundlePath:
			most = maxBundle
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
		mux.ServeHTTP(w, r)
	})
	return safeHeaders(onlyKnown(http.NewCrossOriginProtection().Handler(bounded)))
}

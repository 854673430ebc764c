package web

import (
	"net/http"
	"strings"
)

// maxForm bounds what a form may send, in bytes; maxSettings one with the text of the
// settings, which may have 256 KiB, each byte of it up to three in a form.
const (
	maxForm     = 4 << 10
	maxSettings = 1 << 20
)

// What those are told who are not let in.
const (
	switchFirst   = "Log in to switch."
	logFirst      = "Log in to read the log: it tells who asked for what."
	flowsFirst    = "Log in to see the flows: they tell who talks with whom."
	headsFirst    = "Log in to record heads: they tell what everybody asks for."
	neverFirst    = "Log in to say what is never captured."
	captureFirst  = "Log in to record frames: they tell what everybody sends."
	doctorFirst   = "Log in to see what the doctor finds: it names interfaces and addresses."
	ladderFirst   = "Log in to follow a connection: its frames tell who talks with whom."
	settingsFirst = "Log in to see the settings, and to change them."
	updateFirst   = "Log in to see the firmware, and to update it."
	accessFirst   = "Log in to see who else has."
	apiFirst      = "Log in to read about the API."
	liveFirst     = "Log in to see the numbers: they tell how much is used."
	startFirst    = "Log in to go on with the first steps."
	drillFirst    = "Log in to test the wire."
)

// route is a page, or what a form does: which, who may, and what is said to those who
// have not logged in. What changes anything is for owners, but for what makes one.
type route struct {
	pattern string
	who     scope
	first   string
	handle  http.HandlerFunc
}

func (p *Page) routes() []route {
	return []route{
		{"GET /{$}", strangers, "", p.showPage},
		{"GET /live", strangers, "", p.showLive},
		{"GET /live/stream", readers, liveFirst, p.showStream},
		{"GET /drill", readers, drillFirst, p.showDrill},
		{"GET /drill/parts", readers, drillFirst, p.showDrillParts},
		{"GET /drill/ask", owners, drillFirst, p.askDrill},
		{"POST /drill", owners, drillFirst, p.beginDrill},
		{"GET /start", strangers, "", p.showStart},
		{"GET /start/live", strangers, "", p.showStartLive},
		{"GET /start/password", strangers, "", p.showStartPassword},
		{"POST /start/password", strangers, "", p.setStartPassword},
		{"GET /start/address", owners, startFirst, p.showStartAddress},
		{"POST /start/address", owners, startFirst, p.reviewStartAddress},
		{"GET /start/time", owners, startFirst, p.showStartTime},
		{"POST /start/zone", owners, startFirst, p.setZone},
		{"POST /start/clock", owners, startFirst, p.setClock},
		{"GET /start/use", owners, startFirst, p.showStartUse},
		{"POST /start/use", owners, startFirst, p.setUse},
		{"POST /start/aside", owners, startFirst, p.putAside},
		{"POST /password", strangers, "", p.setPassword},
		{"POST /login", strangers, "", p.login},
		{"POST /logout", strangers, "", p.logout},
		{"POST /bypass", owners, switchFirst, p.bypass},
		{"GET /log", readers, logFirst, p.showLog},
		{"GET /log/rows", readers, logFirst, p.showRows},
		{"GET /log/export/{kind}", readers, logFirst, p.exportLog},
		{"POST /log/heads", owners, headsFirst, p.recordHeads},
		{"POST /log/heads/stop", owners, headsFirst, p.stopHeads},
		{"POST /log/heads/forget", owners, headsFirst, p.forgetHeads},
		{"GET /never", owners, neverFirst, p.askNever},
		{"POST /never", owners, neverFirst, p.never},
		{"GET /flows", readers, flowsFirst, p.showFlows},
		{"POST /flows/{id}/reset", owners, flowsFirst, p.resetFlow},
		{"GET /doctor", readers, doctorFirst, p.showDoctor},
		{"GET /doctor/ladder", owners, ladderFirst, p.showLadder},
		{"GET /doctor/ladder/live", owners, ladderFirst, p.showLadderLive},
		{"POST /doctor/ladder", owners, ladderFirst, p.beginLadder},
		{"GET /capture", owners, captureFirst, p.showCapture},
		{"GET /capture/live", owners, captureFirst, p.showCaptureLive},
		{"POST /capture", owners, captureFirst, p.startCapture},
		{"POST /capture/{id}/stop", owners, captureFirst, p.stopCapture},
		{"POST /capture/{id}/forget", owners, captureFirst, p.forgetCapture},
		{"GET /capture/{id}/file", owners, captureFirst, p.sendCapture},
		{"GET /access", readers, accessFirst, p.showAccess},
		{"POST /access/password", owners, accessFirst, p.changePassword},
		{"POST /access/reader", owners, accessFirst, p.setReader},
		{"POST /access/reader/remove", owners, accessFirst, p.removeReader},
		{"POST /access/sessions/{id}/end", owners, accessFirst, p.endSession},
		{"POST /access/tokens", owners, accessFirst, p.makeToken},
		{"POST /access/tokens/{id}/revoke", owners, accessFirst, p.revokeToken},
		{"GET /settings", readers, settingsFirst, p.showSettings},
		{"POST /settings/review", owners, settingsFirst, p.reviewSettings},
		{"POST /settings/apply", owners, settingsFirst, p.applySettings},
		{"POST /settings/undo", owners, settingsFirst, p.undoSettings},
		{"GET /settings/history", readers, settingsFirst, p.showHistory},
		{"GET /settings/history/{number}", readers, settingsFirst, p.showVersion},
		{"GET /settings/backup", owners, settingsFirst, p.takeBackup},
		{"GET /settings/reset", owners, settingsFirst, p.askReset},
		{"POST /settings/reset", owners, settingsFirst, p.factoryReset},
		{"GET /update", readers, updateFirst, p.showUpdate},
		{"POST /update/reboot", owners, updateFirst, p.rebootNow},
		{"POST /update/plan", owners, updateFirst, p.planReboot},
		{"POST /update/stay", owners, updateFirst, p.stayUp},
		{"POST /update/back", owners, updateFirst, p.goBack},
		{"GET /settings/confirm", strangers, "", p.askConfirm},
		{"POST /settings/confirm", strangers, "", p.confirmSettings}, // its token is proof
		{"GET /api", readers, apiFirst, p.showAPI},
	}
}

// Handler is the page over HTTPS, and the API beside it.
func (p *Page) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, t := range p.routes() {
		mux.HandleFunc(t.pattern, p.admit(t))
	}
	for name := range p.assets.files {
		mux.HandleFunc("GET /"+name, p.assets.serve)
	}
	for _, c := range apiCalls() {
		mux.HandleFunc(c.method+" "+apiPrefix+c.path, p.serveAPI(c))
	}
	mux.HandleFunc("GET "+apiPrefix+"/openapi.yaml", p.serveDescription)
	mux.HandleFunc(apiPrefix+"/", p.noCall)
	bounded := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, apiPrefix+"/"): // each call has its own bound
		case r.URL.Path == "/settings/review", r.URL.Path == "/settings/apply":
			r.Body = http.MaxBytesReader(w, r.Body, maxSettings)
		default:
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		}
		mux.ServeHTTP(w, r)
	})
	return safeHeaders(onlyKnown(http.NewCrossOriginProtection().Handler(bounded)))
}

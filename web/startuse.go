package web

import "net/http"

// useView is the last step: what limpid is for.
type useView struct {
	startView
	Cache bool // as it is now
	Known bool
}

func (p *Page) showStartUse(w http.ResponseWriter, r *http.Request) {
	p.startUsePage(w, r, http.StatusOK, "")
}

func (p *Page) startUsePage(w http.ResponseWriter, r *http.Request, code int, message string) {
	l, who := p.visitor(r)
	v := useView{startView: p.startOf(l, who, startUse)}
	v.Message = message
	s, err := p.control.Settings(r.Context())
	if err != nil {
		code, v.Message = http.StatusServiceUnavailable, sentence(err)
	}
	v.Known, v.Cache = err == nil, settingOf(s, "cache.enabled") == "true"
	p.write(w, code, "startuse.html", v)
}

// setUse keeps the choice, and with it the first steps are done.
func (p *Page) setUse(w http.ResponseWriter, r *http.Request) {
	enabled, known := map[string]string{"observe": "false", "cache": "true"}[r.PostFormValue("use")]
	if !known {
		p.startUsePage(w, r, http.StatusBadRequest, "Choose one of the two.")
		return
	}
	if code, complaint := p.keep(r, map[string]string{"cache.enabled": enabled}); complaint != "" {
		p.startUsePage(w, r, code, complaint)
		return
	}
	p.putAside(w, r)
}

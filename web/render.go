package web

import (
	"bytes"
	"net/http"
)

func (p *Page) showPage(w http.ResponseWriter, r *http.Request) { p.render(w, r, http.StatusOK, "") }

// refuse shows the page with what went wrong, as it is by now.
func (p *Page) refuse(w http.ResponseWriter, r *http.Request, code int, message string) {
	p.watcher.stale()
	p.render(w, r, code, message)
}

// render shows the page with a message. Where nothing has changed, as for strangers who may not go on, the supervisor is
// asked no more often than for others.
func (p *Page) render(w http.ResponseWriter, r *http.Request, code int, message string) {
	v := p.view(r)
	v.Message = message
	p.write(w, code, "page.html", v)
}

// showLive gives the parts of the page that change, for the script to put in place.
func (p *Page) showLive(w http.ResponseWriter, r *http.Request) {
	p.write(w, http.StatusOK, "live", p.view(r))
}

func (p *Page) view(r *http.Request) view {
	l, who := p.visitor(r)
	v := viewOf(l, who >= readers, p.clock())
	v.frame = p.frameOf(l, who, "/", "live.js")
	v.Title, v.Offer = v.Word, offered(l, who)
	if !v.LoggedIn {
		return v
	}
	v.Scripts = append(v.Scripts, p.assets.address["pulse.js"])
	p.showNeighbours(&v.Wire)
	c := chartedOf(r.URL.Query())
	v.Refresh = c.address()
	if h, err := p.charts[c.span].now(); err == nil {
		v.Traffic = trafficOf(h, c, p.clock().In(l.zone()))
	}
	if t, err := p.top.now(); err == nil {
		v.Tops = topsOf(t, c, l.zone())
	}
	return v
}

// stamp is the time as it stands in the name of a file.
func (p *Page) stamp() string {
	l := p.watcher.now()
	return p.clock().In(l.zone()).Format("20060102-150405")
}

func (p *Page) write(w http.ResponseWriter, code int, name string, v any) {
	var b bytes.Buffer
	if err := p.assets.page.ExecuteTemplate(&b, name, v); err != nil {
		p.log.Error("cannot make the page", "error", err)
		http.Error(w, "The page cannot be made: see the log of the box.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write(b.Bytes()) // who has gone away is told nothing
}

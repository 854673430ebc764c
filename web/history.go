package web

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"limpid/appliance/control"
)

// historyView is the page of what the settings were.
type historyView struct {
	frame
	Versions []versionRow
	Trial    *trialView
}

type versionRow struct {
	control.SettingsVersion
	At string
}

func (p *Page) showHistory(w http.ResponseWriter, r *http.Request) {
	p.listHistory(w, r, http.StatusOK, "")
}

func (p *Page) listHistory(w http.ResponseWriter, r *http.Request, code int, message string) {
	l, who := p.visitor(r)
	v := historyView{frame: p.frameOf(l, who, "/settings", "settings.js")}
	v.Title, v.Message = "history", message
	h, err := p.control.SettingsHistory(r.Context())
	if err != nil {
		code, v.Message = http.StatusServiceUnavailable, sentence(err)
	}
	for _, version := range h.Versions {
		v.Versions = append(v.Versions, versionRow{version, version.Time.In(l.zone()).Format(time.DateTime)})
	}
	if s, err := p.control.Settings(r.Context()); err == nil {
		v.Trial = trialOf(s.Trial, l.zone())
	}
	p.write(w, code, "history.html", v)
}

// versionView is one of them, beside the settings of now.
type versionView struct {
	frame
	versionRow
	Lines  []line
	Digest string // of the settings of now
}

func (p *Page) showVersion(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.PathValue("number"))
	if err != nil {
		p.listHistory(w, r, http.StatusBadRequest, "Choose a version from the list.")
		return
	}
	version, err := p.control.SettingsVersion(r.Context(), n)
	if err != nil {
		p.listHistory(w, r, http.StatusNotFound, sentence(err))
		return
	}
	s, err := p.control.Settings(r.Context())
	if err != nil {
		p.listHistory(w, r, http.StatusServiceUnavailable, sentence(err))
		return
	}
	l, who := p.visitor(r)
	v := versionView{
		frame: p.frameOf(l, who, "/settings"), versionRow: versionRow{version, version.Time.In(l.zone()).Format(time.DateTime)},
		Lines: diffOf(s.Text, version.Text), Digest: s.Digest,
	}
	v.Title = fmt.Sprintf("version %d", n)
	p.write(w, http.StatusOK, "version.html", v)
}

// takeBackup gives the settings as one file.
func (p *Page) takeBackup(w http.ResponseWriter, r *http.Request) {
	s, err := p.control.Settings(r.Context())
	if err != nil {
		p.showSettingsWith(w, r, http.StatusServiceUnavailable, sentence(err), nil)
		return
	}
	name := "limpid-" + p.stamp() + ".toml"
	w.Header().Set("Content-Type", "application/toml")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
	_, _ = w.Write([]byte(s.Text)) // who has gone away is told nothing
}

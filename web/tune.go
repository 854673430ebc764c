package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"limpid/appliance/control"
)

// settingsView is the page of the settings: as a form, or as the text of the file.
type settingsView struct {
	frame
	Sections []section
	AsText   bool
	Text     string
	Digest   string
	Trial    *trialView
}

// section is a table of limpid.toml.
type section struct {
	Name string
	Open bool // a key of it was typed, or is wrong
	Keys []keyField
}

// keyField is one key in the form.
type keyField struct {
	control.SettingsKey
	Short   string // of the key, without the section
	Choices []string
	Changed bool   // it is not the default
	Mistake string // in what was typed; empty: none
}

// typing is what was typed into the form, by key, and what is wrong with it.
type typing struct {
	values   map[string]string
	mistakes map[string]string
}

// trialView is the change that waits to be confirmed.
type trialView struct {
	*control.SettingsTrial
	UntilAt string
}

func trialOf(t *control.SettingsTrial, zone *time.Location) *trialView {
	if t == nil {
		return nil
	}
	return &trialView{t, t.Until.In(zone).Format(time.TimeOnly)}
}

// showSettings shows the settings that the file holds.
func (p *Page) showSettings(w http.ResponseWriter, r *http.Request) {
	p.showSettingsWith(w, r, http.StatusOK, "", nil)
}

// showSettingsWith shows them with a message, and with what was typed in the place of
// what the file holds; nil is nothing.
func (p *Page) showSettingsWith(w http.ResponseWriter, r *http.Request, code int, message string, typed *typing) {
	l, who := p.visitor(r)
	v := settingsView{frame: p.frameOf(l, who, "/settings", "settings.js"), AsText: r.FormValue("as") == "toml"}
	v.Title, v.Message = "settings", message
	s, err := p.control.Settings(r.Context())
	if err != nil {
		v.Message = sentence(err)
		p.write(w, http.StatusServiceUnavailable, "settings.html", v)
		return
	}
	v.Text, v.Digest, v.Trial = s.Text, s.Digest, trialOf(s.Trial, l.zone())
	if typed == nil {
		typed = &typing{}
	} else if base := r.PostFormValue("base"); base != "" {
		v.Digest = base // what was typed began with that text, and not with another that somebody made since
	}
	if text := r.PostFormValue("text"); v.AsText && text != "" {
		v.Text = unixLines(text)
	}
	v.Sections = sectionsOf(s.Keys, typed)
	p.write(w, code, "settings.html", v)
}

func sectionsOf(keys []control.SettingsKey, typed *typing) []section {
	var sections []section
	for _, k := range keys {
		name, short, _ := strings.Cut(k.Key, ".")
		if n := len(sections); n == 0 || sections[n-1].Name != name {
			sections = append(sections, section{Name: name})
		}
		f := keyField{SettingsKey: k, Short: short, Changed: k.Value != k.Default}
		if k.Default == "true" || k.Default == "false" {
			f.Choices = []string{"true", "false"}
		}
		f.Mistake = typed.mistakes[k.Key]
		last := &sections[len(sections)-1]
		if text, ok := typed.values[k.Key]; ok {
			f.Value, last.Open = text, true
		}
		last.Open = last.Open || f.Mistake != ""
		last.Keys = append(last.Keys, f)
	}
	return sections
}

// reviewView shows what a change would do, before it is done.
type reviewView struct {
	frame
	control.SettingsReview
	Text, Base string
	AsText     bool
	Lines      []line
	Management string // the address of the page afterwards, if it changes and is known
	Then       string // where to go on afterwards
}

// thenStart has a change go on with the first steps once it is kept.
const thenStart = "start"

// thenOf is what a form or an address says of where to go on.
func thenOf(r *http.Request) string {
	if r.FormValue("then") == thenStart {
		return thenStart
	}
	return ""
}

// goOn leads to where it says, once a change is kept.
func goOn(w http.ResponseWriter, r *http.Request) {
	place := "/settings/history"
	if thenOf(r) == thenStart {
		place = startTime
	}
	http.Redirect(w, r, place, http.StatusSeeOther)
}

// reviewSettings shows what would become of what was typed.
func (p *Page) reviewSettings(w http.ResponseWriter, r *http.Request) {
	s, err := p.control.Settings(r.Context())
	if err != nil {
		p.showSettingsWith(w, r, http.StatusServiceUnavailable, sentence(err), nil)
		return
	}
	typed := &typing{values: make(map[string]string), mistakes: make(map[string]string)}
	text := unixLines(r.PostFormValue("text"))
	if r.PostFormValue("as") != "toml" {
		for _, k := range s.Keys {
			if value, ok := r.PostForm["key:"+k.Key]; ok && value[0] != k.Value {
				typed.values[k.Key] = unixLines(value[0])
			}
		}
		edited, err := p.control.EditSettings(r.Context(), control.SettingsEdit{Text: s.Text, Set: typed.values})
		if err != nil {
			p.findMistakes(r.Context(), s.Text, typed)
			p.showSettingsWith(w, r, http.StatusBadRequest, "Nothing is changed: "+err.Error()+".", typed)
			return
		}
		text = edited.Text
	}
	p.showReview(w, r, s, text, r.PostFormValue("base"), typed)
}

// findMistakes asks of each value alone whether it can stand in the text.
func (p *Page) findMistakes(ctx context.Context, text string, typed *typing) {
	for key, value := range typed.values {
		if _, err := p.control.EditSettings(ctx, control.SettingsEdit{Text: text, Set: map[string]string{key: value}}); err != nil {
			typed.mistakes[key] = sentence(err)
		}
	}
}

func (p *Page) showReview(w http.ResponseWriter, r *http.Request, s control.Settings, text, base string, typed *typing) {
	review, err := p.control.ReviewSettings(r.Context(), text)
	switch {
	case err != nil:
		p.showSettingsWith(w, r, http.StatusBadRequest, sentence(err), typed)
		return
	case len(review.Problems) > 0:
		inForm := r.PostFormValue("as") != "toml"
		if inForm {
			typed.fault(s.Keys, review.Problems)
		}
		p.showSettingsWith(w, r, http.StatusBadRequest, problemsOf(review.Problems, inForm), typed)
		return
	}
	p.writeReview(w, r, s, text, base, review)
}

// writeReview shows what a text would change that has no mistakes.
func (p *Page) writeReview(w http.ResponseWriter, r *http.Request, s control.Settings, text, base string, review control.SettingsReview) {
	l, who := p.visitor(r)
	v := reviewView{
		frame: p.frameOf(l, who, "/settings"), SettingsReview: review, Text: text, Base: base,
		AsText: r.PostFormValue("as") == "toml", Lines: diffOf(s.Text, text), Management: thereAfter(review.Changes, r.Host), Then: thenOf(r),
	}
	v.Title = "review"
	p.write(w, http.StatusOK, "review.html", v)
}

// fault puts mistakes to their keys.
func (t *typing) fault(keys []control.SettingsKey, problems []control.SettingsProblem) {
	for _, problem := range problems {
		for _, k := range keys {
			// A mistake may be in a part of the value: intercept.bypass[0].client.
			part, ok := strings.CutPrefix(problem.Key, k.Key)
			if !ok || part != "" && part[0] != '[' && part[0] != '.' {
				continue
			}
			t.mistakes[k.Key] = strings.TrimSpace(t.mistakes[k.Key] + " " + problem.Key + ": " + problem.Text + ".")
		}
	}
}

// problemsOf tells mistakes in one message. Who has typed them into the form has seen no
// lines.
func problemsOf(problems []control.SettingsProblem, inForm bool) string {
	all := make([]string, 0, len(problems))
	for _, problem := range problems {
		text := problem.Text
		if problem.Key != "" {
			text = problem.Key + ": " + text
		}
		if problem.Line > 0 && (!inForm || problem.Key == "") {
			text = fmt.Sprintf("line %d: %s", problem.Line, text)
		}
		all = append(all, text)
	}
	return "Nothing is changed: " + strings.Join(all, "; ") + "."
}

// addressIn is the fixed address that the box gets of its own; empty if it
// stays, or is not known before. With another prefix only, it stays.
func addressIn(changes []control.SettingsDiff) string {
	at := slices.IndexFunc(changes, func(c control.SettingsDiff) bool { return c.Key == "management.address" })
	if at < 0 {
		return ""
	}
	address, _, fixed := strings.Cut(strings.Trim(changes[at].New, `"`), "/")
	before, _, _ := strings.Cut(strings.Trim(changes[at].Old, `"`), "/")
	if !fixed || address == before {
		return "" // dhcp, none, or where it was
	}
	return address
}

// unixLines undoes what browsers do to the text of a form (HTML, 4.10.21.4).
func unixLines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

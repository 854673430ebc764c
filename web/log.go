package web

import (
	"net/http"

	"limpid/appliance/control"
)

// logView is the page of the log.
type logView struct {
	frame
	Fields  []wanted
	Choices []int
	Limit   int
	Chosen  bool // there is a filter
	Again   string
	CSV     string
	JSON    string
	logRows
}

// wanted is a word in the form.
type wanted struct {
	word
	Value, Without string // what it says, and the page without it
}

// logRows are the rows of the page, or those that came since.
type logRows struct {
	Rows     []row
	Cursor   string // what the next question gives
	Missed   uint64
	Problems []string
	Owner    bool       // who looks may choose what is never captured
	Heads    *headsView // for the owner
}

// askLog asks for what came since a cursor, or for the newest.
func (p *Page) askLog(r *http.Request, f filter, who scope, after string) (logRows, error) {
	page, err := p.control.Log(r.Context(), control.LogQuery{Filter: f.words, After: after, Limit: f.limit})
	if err != nil {
		return logRows{}, err
	}
	l := p.watcher.now()
	rows := logRows{Cursor: page.Cursor, Missed: page.Missed, Problems: page.Problems, Owner: who >= owners}
	known := rowFacts{filter: f, zone: l.zone()}
	if rows.Owner {
		v, pairs, err := p.headsOf(r.Context(), f, page.Records, known.zone)
		if err != nil {
			return logRows{}, err
		}
		rows.Heads, known.heads = &v, pairs
	}
	if len(page.Records) > 0 {
		settled, _ := p.settled.now() // without an answer nothing is said of the next connection
		known.never = settled.Bypass
		rows.Rows = rowsOf(page.Records, known)
	}
	return rows, nil
}

// showLog shows the newest records that the words of the address want. They stand in
// the address, so that a view can be kept and passed on.
func (p *Page) showLog(w http.ResponseWriter, r *http.Request) {
	f, code := filterOf(r.URL.Query()), http.StatusOK
	l, who := p.visitor(r)
	v := logView{frame: p.frameOf(l, who, "/log", "log.js"), Choices: rowChoices(), Limit: f.limit, Chosen: len(f.words) > 0}
	v.Again, v.CSV, v.JSON = "/log?"+f.query(), "/log/export/csv?"+f.query(), "/log/export/json?"+f.query()
	v.Title = "log"
	for _, w := range words() {
		v.Fields = append(v.Fields, wanted{w, f.words[w.Name], "/log?" + f.with(w.Name, "")})
	}
	var err error
	if v.logRows, err = p.askLog(r, f, who, ""); err != nil {
		code, v.Message = http.StatusBadRequest, sentence(err)
	}
	p.write(w, code, "log.html", v)
}

// showRows gives the rows that came since a cursor, for the script to put in place.
func (p *Page) showRows(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	_, who := p.visitor(r)
	rows, err := p.askLog(r, filterOf(query), who, query.Get("after"))
	if err != nil {
		http.Error(w, sentence(err), http.StatusBadRequest)
		return
	}
	p.write(w, http.StatusOK, "fresh", rows)
}

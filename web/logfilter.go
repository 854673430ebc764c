package web

import (
	"net/url"
	"strconv"

	"limpid/appliance/control"
)

// word is one condition on records of the log, as limpid log and GET /v1/log have it.
type word struct{ Name, Label, Hint string }

// words are all there are, the most wanted first.
func words() []word {
	return []word{
		{"host", "Site", "example.org or *.example.org"},
		{"client", "Client", "10.0.0.7 or 10.0.0.0/24"},
		{"server", "Server", "address or prefix"},
		{"path", "Path holds", "/updates/"},
		{"status", "Status", "404 or 4xx"},
		{"verdict", "Verdict", "forward, tunnel, abort"},
		{"reason", "Reason", "client-reset"},
		{"method", "Method", "GET"},
		{"min_time", "Takes at least", "250ms, 2s"},
		{"min_bytes", "Bytes at least", "1MiB"},
		{"since", "Since", "10m ago, or a time"},
	}
}

// filter is what of the log is wanted: the words of the address that are not empty.
type filter struct {
	words map[string]string
	limit int
}

// rowChoices are how many records are shown.
func rowChoices() []int { return []int{100, 300, control.MaxLog} }

// filterOf reads a filter. What a word may say is for the control API to judge.
func filterOf(query url.Values) filter {
	f := filter{words: make(map[string]string), limit: rowChoices()[0]}
	for _, w := range words() {
		if text := query.Get(w.Name); text != "" {
			f.words[w.Name] = text
		}
	}
	if n, err := strconv.Atoi(query.Get("limit")); err == nil && n >= 1 && n <= control.MaxLog {
		f.limit = n
	}
	return f
}

// query is the filter as parameters of an address, without the question mark.
func (f filter) query() string { return f.with("", "") }

// with is the query with one word set to text; an empty text takes it out.
func (f filter) with(name, text string) string {
	values := url.Values{}
	for n, t := range f.words {
		values.Set(n, t)
	}
	if f.limit != rowChoices()[0] {
		values.Set("limit", strconv.Itoa(f.limit))
	}
	if name != "" {
		values.Set(name, text)
	}
	if text == "" {
		values.Del(name)
	}
	return values.Encode()
}

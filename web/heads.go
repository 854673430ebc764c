package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"limpid/appliance/control"
)

// headsView is the recording of heads, as the owner sees it beside the log.
type headsView struct {
	control.Heads
	UntilAt string
	Wanted  []word // words of the recording's filter; the hint is what they say
	Words   []word // of the log's page, for a recording that begins there
	Most    int    // transactions at most
}

// headsOf asks for the recording, and for those of its heads that one of the records
// names.
func (p *Page) headsOf(ctx context.Context, f filter, records []control.LogRecord, zone *time.Location) (headsView, map[uint64]control.HeadPair, error) {
	first := uint64(0)
	for i := range records {
		if n := records[i].Heads; n > 0 && (first == 0 || n < first) {
			first = n
		}
	}
	h, err := p.control.Heads(ctx, max(first, 1)-1)
	if err != nil {
		return headsView{}, nil, err
	}
	v := headsView{Heads: h, UntilAt: h.Until.In(zone).Format(time.TimeOnly), Wanted: said(h.Filter), Words: said(f.words), Most: control.MaxHeads}
	pairs := make(map[uint64]control.HeadPair)
	for first > 0 && len(h.Heads) > 0 {
		for _, pair := range h.Heads {
			pairs[pair.ID] = pair
		}
		if h, err = p.control.Heads(ctx, h.Cursor); err != nil {
			return headsView{}, nil, err
		}
	}
	return v, pairs, nil
}

// said are the words of a filter that say something, in the order of the form.
func said(f map[string]string) []word {
	var all []word
	for _, w := range words() {
		if text := f[w.Name]; text != "" {
			all = append(all, word{w.Name, w.Label, text})
		}
	}
	return all
}

// headsTime is how long the page has heads recorded.
const headsTime = 10 * time.Minute

// recordHeads begins a recording of what the words of the log's page want.
func (p *Page) recordHeads(w http.ResponseWriter, r *http.Request) {
	f := p.formFilter(r)
	who := neighbour(r.RemoteAddr).String()
	_, err := p.control.RecordHeads(r.Context(), control.HeadsRequest{Filter: f.words, For: control.Duration(headsTime), Count: control.MaxHeads, Who: who})
	p.headsDone(w, r, f, "heads are recorded, by the page", err)
}

// stopHeads ends it.
func (p *Page) stopHeads(w http.ResponseWriter, r *http.Request) {
	_, err := p.control.StopHeads(r.Context())
	p.headsDone(w, r, p.formFilter(r), "heads are not recorded any more, by the page", err)
}

// forgetHeads has nothing of it kept.
func (p *Page) forgetHeads(w http.ResponseWriter, r *http.Request) {
	_, err := p.control.ForgetHeads(r.Context())
	p.headsDone(w, r, p.formFilter(r), "recorded heads are forgotten, by the page", err)
}

// formFilter reads the words that a form brings along.
func (p *Page) formFilter(r *http.Request) filter {
	_ = r.ParseForm() // what cannot be read says nothing
	return filterOf(r.PostForm)
}

func (p *Page) headsDone(w http.ResponseWriter, r *http.Request, f filter, what string, err error) {
	if err != nil {
		p.refuse(w, r, http.StatusConflict, sentence(err))
		return
	}
	p.log.Info(what, "from", neighbour(r.RemoteAddr).String()) //nolint:sloglint // a literal at each caller
	http.Redirect(w, r, "/log?"+f.query(), http.StatusSeeOther)
}

// message is a head in a row's details.
type message struct {
	Name string // of whom it is
	Text string
	Size string // of all of it, where it is cut
	None bool
}

// messagesOf are both heads of a record, and what the response says of caching.
func messagesOf(pair control.HeadPair) (messages []message, caching string) {
	for _, h := range []struct {
		name string
		head control.Head
	}{{"Request head", pair.Request}, {"Response head", pair.Response}} {
		m := message{Name: h.name, Text: printable(strings.TrimSuffix(h.head.Text, "\r\n\r\n")), None: h.head.Bytes == 0}
		if h.head.Cut {
			m.Size = size(uint64(h.head.Bytes))
		}
		messages = append(messages, m)
	}
	return messages, cachingOf(pair.Response)
}

// printable is a head with lines as pages have them, and what does not print as \xXX.
func printable(head string) string {
	var b strings.Builder
	for _, c := range strings.ReplaceAll(head, "\r\n", "\n") {
		if c >= ' ' && c <= '~' || c == '\n' || c == '\t' || c >= 0xa0 && c != 0xad {
			b.WriteRune(c)
		} else {
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	return b.String()
}

// cachingOf are the fields of a response by which a cache would go (RFC 9111, 3 and 4).
func cachingOf(head control.Head) string {
	if head.Bytes == 0 {
		return ""
	}
	names := map[string]bool{"cache-control": true, "expires": true, "pragma": true, "age": true, "vary": true, "etag": true, "last-modified": true}
	var fields []string
	for line := range strings.SplitSeq(head.Text, "\r\n") {
		name, value, ok := strings.Cut(line, ":")
		if ok && names[strings.ToLower(strings.TrimSpace(name))] {
			fields = append(fields, printable(name+": "+strings.TrimSpace(value)))
		}
	}
	if len(fields) == 0 {
		return "The response says nothing by which a cache could go."
	}
	return "The response says of it: " + strings.Join(fields, "; ") + "."
}

// rung is one of the times of a record, as part of the longest.
type rung struct {
	Name, Took string
	Part       int // of 100
}

// ladderOf are the times of a record that are known.
func ladderOf(r *control.LogRecord) []rung {
	times := []struct {
		name string
		us   *int64
	}{{"To connect", r.Connect}, {"To the first byte", r.FirstByte}, {"To the end", r.Total}}
	longest := int64(1)
	for _, t := range times {
		if t.us != nil {
			longest = max(longest, *t.us)
		}
	}
	var ladder []rung
	for _, t := range times {
		if t.us != nil {
			ladder = append(ladder, rung{t.name, took(t.us), max(1, int(100**t.us/longest))})
		}
	}
	return ladder
}

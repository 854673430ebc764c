package accesslog

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// HeadPage is a recording, and heads of it.
type HeadPage struct {
	Recording bool              `json:"recording"`        // it goes on
	Begun     bool              `json:"begun"`            // there is one that goes on, or is kept
	Filter    map[string]string `json:"filter,omitempty"` // of what is wanted
	Who       string            `json:"who,omitempty"`    // has asked for it
	Until     time.Time         `json:"until,omitzero"`   // when it ends, or when what is kept of it is forgotten
	Count     int               `json:"count,omitempty"`  // the newest so many are kept
	Kept      int               `json:"kept"`             // so many are
	Displaced uint64            `json:"displaced"`        // were, and made room for newer ones
	Missed    uint64            `json:"missed"`           // had no room while they were under way
	Heads     []HeadPair        `json:"heads"`            // the oldest first
	Cursor    uint64            `json:"cursor"`           // for the next question
}

// HeadPair is a record with its heads.
type HeadPair struct {
	ID       uint64 `json:"id"` // as the record has it
	Record   Entry  `json:"record"`
	Request  Head   `json:"request"`
	Response Head   `json:"response"`
}

// Head is a head for people: one character for each byte (ISO 8859-1), but for the
// values of fields that let in whoever has them.
type Head struct {
	Text  string `json:"text"`
	Bytes int    `json:"bytes"` // of all of it, as it crossed; 0: there was none
	Cut   bool   `json:"cut"`   // there was more than Text
}

// Query gives heads with numbers above after, until there are some hundred KiB of them.
func (l *HeadLog) Query(after uint64) HeadPage {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	l.age(now)
	page := HeadPage{Heads: []HeadPair{}, Cursor: after}
	s := l.last
	if s == nil {
		return page
	}
	page.Begun, page.Recording, page.Filter, page.Who = true, s.ended.IsZero(), maps.Clone(s.order.Filter), s.order.Who
	page.Until = time.Unix(0, s.until).UTC()
	if !page.Recording {
		page.Until = s.ended.Add(HeadsStay).UTC()
	}
	page.Count, page.Kept, page.Displaced, page.Missed = s.order.Count, len(s.kept), s.displaced, s.missed.Load()
	size := 0
	for i := range s.kept {
		k := &s.kept[i]
		if k.id <= after {
			continue
		}
		if size += k.cost; size > pageBytes && len(page.Heads) > 0 {
			break
		}
		page.Heads = append(page.Heads, HeadPair{k.id, k.entry, k.request.shown(), k.response.shown()})
		page.Cursor = k.id
	}
	return page
}

// hidden are the fields whose values never leave the process, whatever stands around
// their names that cannot be seen, or would be white space to somebody (RFC 9110 section
// 5.1 has a name of visible ASCII only).
func hidden(name []byte) bool {
	name = bytes.TrimFunc(name, func(r rune) bool { return r <= ' ' || r > '~' })
	return slices.ContainsFunc([]string{"cookie", "set-cookie", "authorization", "proxy-authorization"}, func(secret string) bool {
		return strings.EqualFold(secret, string(name))
	})
}

// shown is the head without what is hidden: of that the length is told.
func (h *keptHead) shown() Head {
	cut := h.whole > len(h.bytes)
	var text strings.Builder
	rest := h.bytes
	for first := true; len(rest) > 0; first = false {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		name, value, isField := bytes.Cut(line, []byte(":"))
		if first || !isField || !hidden(name) {
			latin1(&text, rest[:len(rest)-len(after)])
			rest = after
			continue
		}
		// A line that begins with white space goes on with the value: no head that
		// was taken for HTTP has one.
		for ended && len(after) > 0 && (after[0] == ' ' || after[0] == '\t') {
			var more []byte
			more, after, ended = bytes.Cut(after, []byte("\n"))
			value = append(append([]byte(nil), value...), more...)
		}
		latin1(&text, name)
		least := ""
		if !ended && cut {
			least = "at least "
		}
		fmt.Fprintf(&text, ": (%s%d bytes, not shown)", least, len(bytes.TrimSpace(value)))
		if ended {
			text.WriteString("\r\n")
		}
		rest = after
	}
	return Head{text.String(), h.whole, cut}
}

// latin1 writes a character for each byte.
func latin1(to *strings.Builder, b []byte) {
	for _, c := range b {
		to.WriteRune(rune(c))
	}
}

package accesslog

import (
	"fmt"
	"strconv"
	"strings"
)

// Query asks for records that are kept in memory.
type Query struct {
	Filter Filter
	// After is the cursor of an earlier page: records that came since, oldest
	// first. Empty asks for the newest ones.
	After string
	// Limit is how many, from 1 to MaxPage.
	Limit int
}

const (
	// MaxPage is how many records a page holds at most.
	MaxPage = 1000
	// pageBytes bounds what the records of a page take in memory, so that a page
	// in JSON stays well below what the control link carries (4 MiB).
	pageBytes = 512 << 10
)

// Page is the answer to a Query.
type Page struct {
	Records []Entry `json:"records"` // oldest first
	Cursor  string  `json:"cursor"`  // for the next Query
	// Missed is how many records since After are gone from memory, wanted or not.
	Missed uint64 `json:"missed"`
}

// Query looks through the records in memory. A cursor of another run of the
// proxy stands for all of this one's.
func (l *Log) Query(q Query) (Page, error) {
	if q.Limit < 1 || q.Limit > MaxPage {
		return Page{}, fmt.Errorf("limit %d: want 1 to %d", q.Limit, MaxPage)
	}
	if q.After == "" {
		return l.page(l.ring.newest(&q.Filter, q.Limit)), nil
	}
	run, number, ok := strings.Cut(q.After, ".")
	after, err := strconv.ParseUint(number, 10, 64)
	if !ok || err != nil || run == "" {
		return Page{}, fmt.Errorf("cursor %q: want one that an earlier answer gave", q.After)
	}
	if run != l.run {
		after = 0
	}
	return l.page(l.ring.after(&q.Filter, after, q.Limit)), nil
}

func (l *Log) page(found found) Page {
	return Page{Records: found.entries, Cursor: l.run + "." + strconv.FormatUint(found.last, 10), Missed: found.missed}
}

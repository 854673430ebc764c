package control

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"
)

// LogQuery asks for records of the access log.
type LogQuery struct {
	// Filter is by the words of GET /v1/log: client, server, host and so on.
	Filter map[string]string
	// After is the Cursor of an earlier page: what came since, the oldest first.
	// Empty asks for the newest.
	After string
	// Limit is 1 to MaxLog.
	Limit int
}

// MaxLog is how many records a page holds at most.
const MaxLog = 1000

// defaultLog is how many records are given when nobody says.
const defaultLog = 100

// LogRecord is one transaction or one tunnel. Its fields are those of the log
// file in JSON, see docs/log.md.
type LogRecord struct {
	Time   time.Time      `json:"time"` // when it began
	Flow   uint64         `json:"flow"`
	Client netip.AddrPort `json:"client"`
	Server netip.AddrPort `json:"server"`
	VLAN   uint16         `json:"vlan,omitempty"`

	Method  string `json:"method,omitempty"`
	URL     string `json:"url,omitempty"`
	Status  uint16 `json:"status,omitempty"`
	Verdict string `json:"verdict"`
	Reason  string `json:"reason,omitempty"`

	RequestBytes  uint64 `json:"request_bytes"`
	ResponseBytes uint64 `json:"response_bytes"`

	// In microseconds; nil when unknown.
	Connect   *int64 `json:"connect_us,omitempty"`
	FirstByte *int64 `json:"first_byte_us,omitempty"`
	Total     *int64 `json:"total_us,omitempty"`

	UserAgent   string `json:"user_agent,omitempty"`
	ContentType string `json:"content_type,omitempty"`
	Cut         string `json:"cut,omitempty"` // names of texts that were cut

	Heads uint64 `json:"heads,omitempty"` // number of its heads, if they were recorded
}

// LogPage is the answer to GET /v1/log.
type LogPage struct {
	Records []LogRecord `json:"records"` // the oldest first
	Cursor  string      `json:"cursor"`  // for the next question
	// Missed is how many records since After are gone from memory, wanted or not.
	Missed   uint64    `json:"missed"`
	Counts   LogCounts `json:"counts"`
	Problems []string  `json:"problems"` // of the log, or why the proxy could not be asked
}

// LogCounts is what became of records since supervise started.
type LogCounts struct {
	Records       uint64 `json:"records"`        // taken
	Dropped       uint64 `json:"dropped"`        // not even that: the log was too slow
	FileDropped   uint64 `json:"file_dropped"`   // of those taken, not written to a file
	SyslogDropped uint64 `json:"syslog_dropped"` // of those taken, not sent to the collector
}

// getLog takes every parameter but limit and after for a word of the filter.
func getLog(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, Refuse(fmt.Errorf("read query: %w", err))
	}
	query := LogQuery{Filter: make(map[string]string), Limit: defaultLog}
	for key, all := range values {
		switch {
		case len(all) != 1:
			return nil, Refuse(fmt.Errorf("%s is given %d times: give it once", key, len(all)))
		case key == "after":
			query.After = all[0]
		case key == "limit":
			n, err := strconv.Atoi(all[0])
			if err != nil || n < 1 || n > MaxLog {
				return nil, Refuse(fmt.Errorf("limit %q: want a number from 1 to %d", all[0], MaxLog))
			}
			query.Limit = n
		default:
			query.Filter[key] = all[0]
		}
	}
	return b.Log(r.Context(), query)
}

// values is the query as parameters of a URL.
func (q LogQuery) values() url.Values {
	values := url.Values{"limit": {strconv.Itoa(q.Limit)}}
	if q.After != "" {
		values.Set("after", q.After)
	}
	for key, word := range q.Filter {
		values.Set(key, word)
	}
	return values
}

package accesslog

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Entry is a record as JSON has it.
type Entry struct {
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

// entry is r with texts of its own.
func (r *Record) entry() Entry {
	return Entry{
		Time: time.Unix(0, r.Started).UTC().Truncate(time.Microsecond), Flow: r.Flow, Client: r.Client, Server: r.Server, VLAN: r.VLAN,
		Method: string(appendURL(nil, r.Method)), URL: string(r.appendTarget(nil)), Status: r.Status,
		Verdict: r.Verdict.String(), Reason: clean([]byte(r.Reason)),
		RequestBytes: r.RequestBytes, ResponseBytes: r.ResponseBytes,
		Connect: microseconds(r.Connect), FirstByte: microseconds(r.FirstByte), Total: microseconds(r.Total),
		UserAgent: clean(r.UserAgent), ContentType: clean(r.ContentType), Cut: string(r.cut.append(nil)),
		Heads: r.HeadsID,
	}
}

// Record is the entry for the formats. Its texts may be anything: every format
// escapes them again.
func (e *Entry) Record() Record {
	r := Record{
		Started: e.Time.UnixNano(), Flow: e.Flow, Client: e.Client, Server: e.Server, VLAN: e.VLAN,
		Method: []byte(e.Method), Target: []byte(e.URL), UserAgent: []byte(e.UserAgent), ContentType: []byte(e.ContentType),
		Status: e.Status, Verdict: verdictCount, Reason: e.Reason, HeadsID: e.Heads, RequestBytes: e.RequestBytes, ResponseBytes: e.ResponseBytes,
		Connect: nanoseconds(e.Connect), FirstByte: nanoseconds(e.FirstByte), Total: nanoseconds(e.Total),
	}
	if i := slices.Index(verdictNames[:], e.Verdict); i >= 0 {
		r.Verdict = Verdict(i)
	}
	for name := range strings.SplitSeq(e.Cut, ",") {
		if i := slices.Index(cutNames[:], name); i >= 0 {
			r.cut |= 1 << i
		}
	}
	return r
}

func microseconds(ns int64) *int64 {
	if ns < 0 {
		return nil
	}
	us := ns / 1000
	return &us
}

func nanoseconds(us *int64) int64 {
	if us == nil {
		return Unknown
	}
	return *us * 1000
}

package child

import "encoding/json"

// Methods of the control link.
const (
	MethodFlows        = "flows"         // to gate and proxy: FlowQuery, answered by FlowPage
	MethodLog          = "log"           // to the proxy: LogQuery, answered by LogPage
	MethodTop          = "top"           // to the proxy: TopQuery, answered by LogPage
	MethodHeads        = "heads"         // to the proxy: HeadQuery, answered by LogPage
	MethodHeadsBegin   = "heads-begin"   // to the proxy: HeadOrder, answered by LogPage
	MethodHeadsEnd     = "heads-end"     // to the proxy: HeadEnd, answered by LogPage
	MethodReset        = "reset"         // to the proxy: FlowID, answered by whether there was such a flow
	MethodPing         = "ping"          // to the page, answered by nothing: it lives
	MethodSessions     = "sessions"      // from the page: who is logged in, for its next process; at most MaxSessions bytes, no answer
	MethodStop         = "stop"          // to the one that records frames, no answer: it is enough
	MethodRecorded     = "recorded"      // from it: packets.Count, answered by nothing
	MethodLadder       = "ladder"        // from the one that makes a ladder: control.LadderResult, answered by nothing
	MethodProxyStarted = "proxy-started" // to the gate: ProxyStarted, no answer
)

// MaxSessions bounds what the page may hand on, in bytes: 64 sessions with all that is
// known of them are less than half of it.
const MaxSessions = 256 << 10

// FlowQuery asks for flows.
type FlowQuery struct {
	Limit int `json:"limit"`
}

// FlowPage is at most FlowQuery.Limit flows, as control.Flow, of Total.
type FlowPage struct {
	Flows json.RawMessage `json:"flows"`
	Total int             `json:"total"`
}

// LogQuery asks for records of the access log. Filter is by the words that
// GET /v1/log takes.
type LogQuery struct {
	Filter map[string]string `json:"filter,omitempty"`
	After  string            `json:"after,omitempty"`
	Limit  int               `json:"limit"`
}

// TopQuery asks for rankings of the access log.
type TopQuery struct {
	Limit int `json:"limit"`
}

// HeadQuery asks for heads with numbers above After.
type HeadQuery struct {
	After uint64 `json:"after"`
}

// HeadOrder has heads recorded, those of transactions that fit a filter, for a time in ns.
type HeadOrder struct {
	Filter map[string]string `json:"filter,omitempty"`
	For    int64             `json:"for"`
	Count  int               `json:"count"`
	Who    string            `json:"who,omitempty"`
}

// HeadEnd ends that.
type HeadEnd struct {
	Forget bool `json:"forget,omitempty"` // what was recorded, at once
}

// LogPage is some records, as control.LogPage, rankings, as control.LogTop, or heads, as control.Heads, or why the query is refused.
type LogPage struct {
	Page    json.RawMessage `json:"page,omitempty"`
	Refused string          `json:"refused,omitempty"`
}

// FlowID names a flow.
type FlowID struct {
	ID uint64 `json:"id"`
}

// ProxyStarted names the process that takes flows from now on.
type ProxyStarted struct {
	PID int `json:"pid"`
}

package child

import "encoding/json"

// Methods of the control link.
const (
	MethodFlows        = "flows"         // to gate and proxy: FlowQuery, answered by FlowPage
	MethodReset        = "reset"         // to the proxy: FlowID, answered by whether there was such a flow
	MethodProxyStarted = "proxy-started" // to the gate: ProxyStarted, no answer
)

// FlowQuery asks for flows.
type FlowQuery struct {
	Limit int `json:"limit"`
}

// FlowPage is at most FlowQuery.Limit flows, as control.Flow, of Total.
type FlowPage struct {
	Flows json.RawMessage `json:"flows"`
	Total int             `json:"total"`
}

// FlowID names a flow.
type FlowID struct {
	ID uint64 `json:"id"`
}

// ProxyStarted names the process that takes flows from now on.
type ProxyStarted struct {
	PID int `json:"pid"`
}

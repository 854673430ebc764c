package control

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"
)

const (
	doctorPath     = "/v1/doctor"
	doctorFlowPath = "/v1/doctor/flow"
)

// Health is the verdict of a check.
type Health string

// Verdicts, from the best to the worst but for HealthUnknown, which says that nothing
// could be told.
const (
	HealthOK      Health = "ok"
	HealthUnknown Health = "unknown"
	HealthWarn    Health = "warn" // traffic passes as it should; look at it
	HealthFail    Health = "fail" // something is not as it must be
)

// Checkup is the answer to GET /v1/doctor.
type Checkup struct {
	Time    time.Time `json:"time"`    // when the facts were read
	Verdict Health    `json:"verdict"` // of the worst check
	Checks  []Check   `json:"checks"`
}

// Check is one thing that was looked at.
type Check struct {
	Name     string     `json:"name"`
	Title    string     `json:"title"` // what is asked
	Verdict  Health     `json:"verdict"`
	Finding  string     `json:"finding"`  // the answer, in a sentence
	Evidence []Evidence `json:"evidence"` // what the answer rests on
	Effect   string     `json:"effect,omitempty"`
	Mend     string     `json:"mend,omitempty"` // empty when all is well
}

// Evidence is one value that was read.
type Evidence struct {
	What  string `json:"what"`
	Where string `json:"where"` // it was read
	Value string `json:"value"`
}

// FlowQuestion asks why a connection is captured, or is not.
type FlowQuestion struct {
	Client, Server netip.Addr
	Port           uint16 // of the server
}

// FlowAnswer is the answer to GET /v1/doctor/flow.
type FlowAnswer struct {
	Client   netip.Addr `json:"client"`
	Server   netip.Addr `json:"server"`
	Port     uint16     `json:"port"`
	Captured Captured   `json:"captured"`
	Answer   string     `json:"answer"` // in a sentence
	// Reasons are what decides, each with how to change it; then, where the packets
	// themselves decide, what they may have been.
	Reasons []FlowReason `json:"reasons"`
}

// Captured says what becomes of a new connection.
type Captured string

// Answers.
const (
	CapturedYes Captured = "yes"
	CapturedNo  Captured = "no"
)

// FlowReason is one thing that speaks for an answer.
type FlowReason struct {
	Sure bool   `json:"sure"` // it holds; otherwise it may
	Text string `json:"text"`
	Mend string `json:"mend,omitempty"`
}

// Doctor examines the box.
type Doctor interface {
	Doctor(ctx context.Context) (Checkup, error)
	Explain(ctx context.Context, q FlowQuestion) (FlowAnswer, error)
}

func doctorRoutes() []route {
	return []route{
		{"GET", doctorPath, func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			return b.Doctor(r.Context())
		}},
		{"GET", doctorFlowPath, func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			values := r.URL.Query()
			q, err := ParseFlow(values.Get("client"), values.Get("server"), values.Get("port"))
			if err != nil {
				return nil, Refuse(err)
			}
			return b.Explain(r.Context(), q)
		}},
	}
}

// defaultPort is what a server's port is when nobody says.
const defaultPort = 80

// ParseFlow reads a question from texts; an empty port is 80.
func ParseFlow(client, server, port string) (FlowQuestion, error) {
	q := FlowQuestion{Port: defaultPort}
	for _, end := range []struct {
		name, text string
		to         *netip.Addr
	}{{"client", client, &q.Client}, {"server", server, &q.Server}} {
		a, err := netip.ParseAddr(end.text)
		if err != nil || a.Zone() != "" {
			return q, fmt.Errorf("%s %q: want an IP address, like 192.0.2.7", end.name, end.text)
		}
		*end.to = a.Unmap()
	}
	if q.Client.Is4() != q.Server.Is4() {
		return q, fmt.Errorf("client %v and server %v: want two of one IP version", q.Client, q.Server)
	}
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return q, fmt.Errorf("port %q: want a number from 1 to 65535", port)
		}
		q.Port = uint16(n)
	}
	return q, nil
}

// Doctor asks what is well and what is not.
func (c *Client) Doctor(ctx context.Context) (Checkup, error) {
	var d Checkup
	return d, c.ask(ctx, http.MethodGet, doctorPath, nil, &d)
}

// Explain asks why a connection is captured, or is not.
func (c *Client) Explain(ctx context.Context, q FlowQuestion) (FlowAnswer, error) {
	values := url.Values{"client": {q.Client.String()}, "server": {q.Server.String()}, "port": {strconv.Itoa(int(q.Port))}}
	var a FlowAnswer
	return a, c.ask(ctx, http.MethodGet, doctorFlowPath+"?"+values.Encode(), nil, &a)
}

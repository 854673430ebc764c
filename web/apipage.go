package web

import (
	"net"
	"net/http"
	"strconv"

	"limpid/appliance/control"
)

// apiView is the page about the API.
type apiView struct {
	frame
	Calls       []callRow
	Peer        string // address and port at which the reader has found the page
	Description string
}

type callRow struct {
	Method, Path, Summary string
	Reads                 bool // a token that may only read is enough
}

// showAPI lists what the API can do, and shows the document that describes it.
func (p *Page) showAPI(w http.ResponseWriter, r *http.Request) {
	l, who := p.visitor(r)
	v := apiView{frame: p.frameOf(l, who, "/access"), Peer: peerOf(r.Host), Description: string(control.Description())}
	v.Title = "API"
	summaries := make(map[string]string)
	for _, o := range control.Operations() {
		summaries[o.Method+" "+o.Path] = o.Summary
	}
	for _, c := range apiCalls() {
		v.Calls = append(v.Calls, callRow{c.method, apiPrefix + c.path, summaries[c.method+" "+c.path], c.who < owners})
	}
	p.write(w, http.StatusOK, "api.html", v)
}

// peerOf is a Host field with its port, the usual one if it names none.
func peerOf(host string) string {
	at := endpointOf(host)
	return net.JoinHostPort(at.host, strconv.Itoa(at.port))
}

// serveDescription gives the document as it is.
func (p *Page) serveDescription(w http.ResponseWriter, r *http.Request) {
	if _, ok := p.callerOf(w, r, readers); !ok {
		return
	}
	w.Header().Set("Content-Type", "application/yaml") // RFC 9512
	_, _ = w.Write(control.Description())              // who has gone away is told nothing
}

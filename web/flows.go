package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"limpid/appliance/control"
)

// maxFlows is how many are asked for, and maxShown how many of them are shown.
const (
	maxFlows = 5000
	maxShown = 300
)

// flowsView is the page of the connections being carried.
type flowsView struct {
	frame
	Flows    []flowRow
	Total    int
	Orders   []order
	Problems []string
}

// flowRow is a connection.
type flowRow struct {
	ID             uint64
	Age            string
	Client, Server string
	Log            string // what the log has of its client
	VLAN           string
	Up, Down       string
	Requests       string
	Verdict        string
	Resettable     bool
	Own            rowForms
}

// order is a way to sort them.
type order struct {
	Name, Label string
	Chosen      bool
	less        func(a, b *control.Flow) int
}

func orders() []order {
	return []order{
		{Name: "new", Label: "newest", less: func(a, b *control.Flow) int { return b.Started.Compare(a.Started) }},
		{Name: "old", Label: "oldest", less: func(a, b *control.Flow) int { return a.Started.Compare(b.Started) }},
		{Name: "bytes", Label: "most bytes", less: func(a, b *control.Flow) int { return cmp.Compare(b.Up+b.Down, a.Up+a.Down) }},
	}
}

// showFlows lists what is being carried, in the order that the address names.
func (p *Page) showFlows(w http.ResponseWriter, r *http.Request) {
	p.listFlows(w, r, http.StatusOK, "")
}

func (p *Page) listFlows(w http.ResponseWriter, r *http.Request, code int, message string) {
	l, who := p.visitor(r)
	v := flowsView{frame: p.frameOf(l, who, "/flows"), Orders: orders()}
	v.Title, v.Message = "flows", message
	list, err := p.control.Flows(r.Context(), maxFlows)
	if err != nil {
		code, v.Message = http.StatusServiceUnavailable, sentence(err)
	}
	v.Total, v.Problems = list.Total, list.Problems
	chosen := max(0, slices.IndexFunc(v.Orders, func(o order) bool { return o.Name == r.URL.Query().Get("order") }))
	v.Orders[chosen].Chosen = true
	slices.SortStableFunc(list.Flows, func(a, b control.Flow) int { return v.Orders[chosen].less(&a, &b) })
	for i := range list.Flows[:min(maxShown, len(list.Flows))] {
		v.Flows = append(v.Flows, flowRowOf(&list.Flows[i], p.clock()))
	}
	p.write(w, code, "flows.html", v)
}

func flowRowOf(f *control.Flow, now time.Time) flowRow {
	verdict := f.Verdict
	if f.Reason != "" {
		verdict += " " + f.Reason
	}
	return flowRow{
		ID: f.ID, Age: ago(now.Sub(f.Started)), Client: f.Client.String(), Server: f.Server.String(),
		Log:  "/log?" + url.Values{"client": {f.Client.Addr().String()}}.Encode(),
		VLAN: some(uint64(f.VLAN)), Up: size(f.Up), Down: size(f.Down), Requests: number(f.Requests), Verdict: verdict,
		Resettable: f.Holder == "proxy", Own: rowForms{Client: f.Client.Addr().String(), Server: f.Server.Addr().String()},
	}
}

// resetFlow resets both connections of a flow.
func (p *Page) resetFlow(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	if err != nil {
		p.listFlows(w, r, http.StatusBadRequest, "Choose a flow from the list.")
		return
	}
	if err := p.control.ResetFlow(r.Context(), id); err != nil {
		p.listFlows(w, r, http.StatusConflict, sentence(fmt.Errorf("flow %d: %w", id, err)))
		return
	}
	p.log.Info("reset on the page", "flow", id, "from", neighbour(r.RemoteAddr).String())
	http.Redirect(w, r, "/flows", http.StatusSeeOther)
}

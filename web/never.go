package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"limpid/appliance/control"
)

// bypassKey is where limpid.toml has the connections that are never captured.
const bypassKey = "intercept.bypass"

// maxSiteServers is how many addresses of a site are added at most: more are better
// named by a prefix, which nobody but the owner knows.
const maxSiteServers = 24

// What those are told for whom nothing is changed.
const (
	neverWhom    = "Choose a client, a server or a site from the log or the flows."
	neverPending = "Another change waits to be confirmed: confirm it or undo it first."
	neverOthers  = "limpid.toml has other changes in it that are not in effect yet: apply them, or take them back, under Settings."
	neverSeen    = "No record in memory has this site any more: it is not known at which addresses it is."
	neverMany    = "This site was seen at %d addresses. That many are better named by a prefix: add it to intercept.bypass under Settings."
)

// aim is whose connections are never to be captured: a client's, a server's or a
// site's.
type aim struct {
	Client, Server netip.Addr
	Site           string
}

// aimOf reads one from a form. An address in it must be one that a frame can carry.
func aimOf(values url.Values) (a aim, ok bool) {
	address := func(name string) netip.Addr {
		at, err := netip.ParseAddr(values.Get(name))
		if err != nil || at.Zone() != "" || at.Is4In6() || at.IsUnspecified() {
			return netip.Addr{}
		}
		return at
	}
	switch {
	case values.Has("site"):
		a.Site = values.Get("site")
		return a, a.Site != "" && len(a.Site) <= maxSite && a.Site == hostOf(a.Site)
	case values.Has("client"):
		a.Client = address("client")
		return a, a.Client.IsValid()
	}
	a.Server = address("server")
	return a, a.Server.IsValid()
}

// maxSite is the length of the longest name, in bytes: what a record keeps (docs/log.md).
const maxSite = 256

// Name is what it is called.
func (a aim) Name() string {
	switch {
	case a.Site != "":
		return a.Site
	case a.Client.IsValid():
		return a.Client.String()
	}
	return a.Server.String()
}

// Kind is "client", "server" or "site".
func (a aim) Kind() string {
	switch {
	case a.Site != "":
		return "site"
	case a.Client.IsValid():
		return "client"
	}
	return "server"
}

// pairs are what is to be added for it; a site stands for the servers it was seen at.
func (a aim) pairs(servers []netip.Addr) []control.BypassPair {
	switch a.Kind() {
	case "client":
		return []control.BypassPair{{Client: single(a.Client)}}
	case "server":
		return []control.BypassPair{{Server: single(a.Server)}}
	}
	all := make([]control.BypassPair, 0, len(servers))
	for _, server := range servers {
		all = append(all, control.BypassPair{Server: single(server)})
	}
	return all
}

func single(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// neverView asks before something is never captured any more.
type neverView struct {
	frame
	aim
	Refused string // why nothing can be done; empty: it can
	Fresh   []string
	There   []string // entries that already see to it
	Servers []siteServer
	Seen    []string // addresses of Servers, to be sent along
	Lines   []line   // of limpid.toml
	Digest  string
	IPv6    bool
}

// askNever says what it would do that something is never captured, and which line is
// added to limpid.toml for it.
func (p *Page) askNever(w http.ResponseWriter, r *http.Request) {
	a, ok := aimOf(r.URL.Query())
	if !ok {
		p.refuse(w, r, http.StatusBadRequest, neverWhom)
		return
	}
	v := neverView{aim: a, IPv6: a.Client.Is6()}
	if a.Site != "" {
		seen, err := p.serversOf(r.Context(), a.Site)
		switch {
		case err != nil:
			p.refuse(w, r, http.StatusServiceUnavailable, sentence(err))
			return
		case len(seen) == 0:
			v.Refused = neverSeen
		case len(seen) > maxSiteServers:
			v.Refused, seen = fmt.Sprintf(neverMany, len(seen)), nil
		}
		v.Servers = seen
	}
	p.neverWith(w, r, http.StatusOK, v)
}

// neverWith completes the view with what the settings say, and shows it.
func (p *Page) neverWith(w http.ResponseWriter, r *http.Request, code int, v neverView) {
	l, who := p.visitor(r)
	v.frame = p.frameOf(l, who, "/settings")
	v.Title = "never capture"
	servers := make([]netip.Addr, 0, len(v.Servers))
	for _, s := range v.Servers {
		servers = append(servers, s.Address)
		v.Seen = append(v.Seen, s.Address.String())
	}
	plan, err := p.plan(r, v.pairs(servers))
	if err != nil && v.Refused == "" {
		v.Refused = sentence(err)
	}
	v.Fresh, v.There, v.Digest = plan.fresh, plan.there, plan.base
	if plan.text != "" {
		v.Lines = diffOf(plan.old, plan.text)
	}
	p.write(w, code, "never.html", v)
}

// plan is a change of intercept.bypass.
type plan struct {
	old, base, text string   // the file as it is with its digest, and as it would be
	fresh, there    []string // entries that are added, and those that see to it already
}

// plan says what it takes that these connections are never captured. An error says why
// it cannot be done now.
func (p *Page) plan(r *http.Request, wanted []control.BypassPair) (plan, error) {
	s, err := p.control.Settings(r.Context())
	if err != nil {
		return plan{}, err
	}
	c := plan{old: s.Text, base: s.Digest}
	for _, pair := range wanted {
		if entry, ok := coveredBy(s.Bypass, pair); ok {
			if text := entryOf(entry); !slices.Contains(c.there, text) {
				c.there = append(c.there, text)
			}
			continue
		}
		c.fresh = append(c.fresh, entryOf(pair))
	}
	switch {
	case s.Trial != nil:
		return c, errors.New(strings.TrimSuffix(neverPending, "."))
	case len(c.fresh) == 0:
		return c, nil
	}
	edited, err := p.control.EditSettings(r.Context(), control.SettingsEdit{Text: s.Text, Add: map[string][]string{bypassKey: c.fresh}})
	if err != nil {
		return c, err
	}
	review, err := p.control.ReviewSettings(r.Context(), edited.Text)
	if err != nil {
		return c, err
	}
	if len(review.Problems) > 0 {
		return c, errors.New(strings.TrimSuffix(problemsOf(review.Problems, true), "."))
	}
	for _, change := range review.Changes {
		if change.Key != bypassKey {
			return c, errors.New(strings.TrimSuffix(neverOthers, "."))
		}
	}
	c.text = edited.Text
	return c, nil
}

// never adds to intercept.bypass what was asked for, through the same transaction as
// any other change of the settings.
func (p *Page) never(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		p.refuse(w, r, http.StatusBadRequest, neverWhom)
		return
	}
	a, ok := aimOf(r.PostForm)
	var servers []netip.Addr
	for _, text := range r.PostForm["seen"] {
		at, sound := aimOf(url.Values{"server": {text}})
		ok = ok && sound
		servers = append(servers, at.Server)
	}
	if a.Site != "" && (len(servers) == 0 || len(servers) > maxSiteServers) || !ok {
		p.refuse(w, r, http.StatusBadRequest, neverWhom)
		return
	}
	v := neverView{aim: a, IPv6: a.Client.Is6()}
	for _, server := range servers {
		v.Servers = append(v.Servers, siteServer{Address: server})
	}
	plan, err := p.plan(r, a.pairs(servers))
	if err == nil && plan.text == "" {
		err = fmt.Errorf("nothing is added: limpid does not capture the %s %s as it is", a.Kind(), a.Name())
	}
	var applied control.SettingsApplied
	if err == nil {
		applied, err = p.control.ApplySettings(r.Context(), control.SettingsChange{
			Text: plan.text, Base: r.PostFormValue("base"), Who: neighbour(r.RemoteAddr).String(),
			Note: cmp.Or(r.PostFormValue("note"), noteOf(a)),
		})
	}
	if err != nil {
		v.Refused = sentence(err)
		p.neverWith(w, r, http.StatusConflict, v)
		return
	}
	p.log.Info("never captured any more, by the page", "kind", a.Kind(), "name", a.Name(), "from", neighbour(r.RemoteAddr).String())
	p.watcher.stale()
	p.settled.stale()
	if applied.Restart {
		p.showApplied(w, r, applied, nil)
		return
	}
	http.Redirect(w, r, "/settings/history", http.StatusSeeOther)
}

// noteOf is what the history says when nobody says why.
func noteOf(a aim) string { return "never capture the " + a.Kind() + " " + a.Name() }

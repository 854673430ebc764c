package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"limpid/appliance/control"
)

// Tokens of a guarded box.
const (
	readToken = tokenPrefix + "THATREADS"
	fullToken = tokenPrefix + "THATMAYALL"
)

// guarded is a box with both passwords and two tokens, and things that can be changed.
func guarded() *box {
	b := tunable()
	b.hash, b.reader = "of the owner", "of the reader"
	b.tokens = []control.Token{
		{ID: "r", Name: "graphs", Scope: control.ScopeRead, Digest: digestOf(readToken)},
		{ID: "f", Name: "robot", Scope: control.ScopeFull, Digest: digestOf(fullToken)},
	}
	b.token, b.who = "TOKEN", "10.0.0.1"
	b.settings.Trial = &control.SettingsTrial{Who: "10.0.0.1", Left: 50}
	b.update = slotted().update
	b.captures.last, b.captures.file = &control.PacketCapture{ID: 7}, strings.NewReader("frames")
	b.flows = control.FlowList{Flows: []control.Flow{{ID: 7, Holder: "proxy"}}, Total: 1}
	return b
}

// state is all of a box that somebody may change.
func (b *box) state() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return fmt.Sprint(b.ordeal, b.clock, b.status.Web.Started, b.reset, b.changes, b.undone, b.resets, b.hash, b.reader, b.tokens, b.token, b.did, b.received, b.orders, b.struck, b.headed, b.captures.asked, b.ladders.asked, strings.ReplaceAll(fmt.Sprint(b.captures.did), "read", ""))
}

// enter makes a visitor who has logged in, by no password.
func enter(t *testing.T, p *Page, h holder) *visitor {
	t.Helper()
	w := httptest.NewRecorder()
	p.sessions.begin(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/login", http.NoBody), h)
	return &visitor{t: t, handler: p.Handler(), cookie: &http.Cookie{Name: cookieName, Value: valueOf(t, w.Header().Get("Set-Cookie"))}}
}

// visits is one row for each route of the page: what a visit of each of the three
// gives. A route without a row fails: who may do what is decided here too.
func visits() map[string]struct {
	path                    string
	fields                  url.Values
	stranger, reader, owner int
} {
	return map[string]struct {
		path                    string
		fields                  url.Values
		stranger, reader, owner int
	}{
		"GET /{$}":                        {"/", nil, 200, 200, 200},
		"GET /live":                       {"/live", nil, 200, 200, 200},
		"POST /password":                  {"/password", field("password", another, "again", another), 409, 409, 409},
		"POST /login":                     {"/login", field("password", ""), 503, 503, 503}, // what is kept here is no hash
		"POST /logout":                    {"/logout", nil, 303, 303, 303},
		"GET /start":                      {"/start", nil, 200, 200, 200},
		"GET /start/live":                 {"/start/live", nil, 200, 200, 200},
		"GET /start/password":             {"/start/password", nil, 200, 200, 200},
		"POST /start/password":            {"/start/password", field("password", another, "again", another), 409, 409, 409},
		"GET /start/address":              {"/start/address", nil, 403, 403, 200},
		"POST /start/address":             {"/start/address", field("how", "fixed", "address", "192.0.2.10/24"), 403, 403, 200},
		"GET /start/time":                 {"/start/time", nil, 403, 403, 200},
		"POST /start/zone":                {"/start/zone", field("zone", "Europe/Berlin"), 403, 403, 303},
		"POST /start/clock":               {"/start/clock", field("time", "2026-02-03T04:05"), 403, 403, 303},
		"GET /start/use":                  {"/start/use", nil, 403, 403, 200},
		"POST /start/use":                 {"/start/use", field("use", "observe"), 403, 403, 303},
		"POST /start/aside":               {"/start/aside", nil, 403, 403, 303},
		"POST /bypass":                    {"/bypass", field("for", "on"), 403, 403, 303},
		"GET /log":                        {"/log", nil, 403, 200, 200},
		"GET /log/rows":                   {"/log/rows", nil, 403, 200, 200},
		"GET /log/export/{kind}":          {"/log/export/csv", nil, 403, 200, 200},
		"GET /never":                      {"/never?client=10.0.0.7", nil, 403, 403, 200},
		"POST /never":                     {"/never", field("client", "10.0.0.7"), 403, 403, 409}, // a change waits
		"POST /log/heads":                 {"/log/heads", nil, 403, 403, 303},
		"POST /log/heads/stop":            {"/log/heads/stop", nil, 403, 403, 303},
		"POST /log/heads/forget":          {"/log/heads/forget", nil, 403, 403, 303},
		"GET /flows":                      {"/flows", nil, 403, 200, 200},
		"POST /flows/{id}/reset":          {"/flows/7/reset", nil, 403, 403, 303},
		"GET /access":                     {"/access", nil, 403, 200, 200},
		"POST /access/password":           {"/access/password", field("old", "", "password", another, "again", another), 403, 403, 503},
		"POST /access/reader":             {"/access/reader", field("old", "", "password", another, "again", another), 403, 403, 503},
		"POST /access/reader/remove":      {"/access/reader/remove", nil, 403, 403, 303},
		"POST /access/sessions/{id}/end":  {"/access/sessions/none/end", nil, 403, 403, 409},
		"POST /access/tokens":             {"/access/tokens", field("name", "a", "scope", "full"), 403, 403, 503},
		"POST /access/tokens/{id}/revoke": {"/access/tokens/r/revoke", nil, 403, 403, 303},
		"GET /settings":                   {"/settings", nil, 403, 200, 200},
		"POST /settings/review":           {"/settings/review", field("text", "a", "as", "toml"), 403, 403, 200},
		"POST /settings/apply":            {"/settings/apply", field("text", "a"), 403, 403, 303},
		"POST /settings/undo":             {"/settings/undo", nil, 403, 403, 303},
		"GET /settings/history":           {"/settings/history", nil, 403, 200, 200},
		"GET /settings/history/{number}":  {"/settings/history/2", nil, 403, 200, 200},
		"GET /settings/backup":            {"/settings/backup", nil, 403, 403, 200},
		"GET /settings/reset":             {"/settings/reset", nil, 403, 403, 200},
		"POST /settings/reset":            {"/settings/reset", field("old", ""), 403, 403, 503},
		"GET /settings/confirm":           {"/settings/confirm", nil, 200, 200, 200},
		"POST /settings/confirm":          {"/settings/confirm", field("token", "a guess"), 409, 409, 409},
		"GET /api":                        {"/api", nil, 403, 200, 200},
		"GET /live/stream":                {"/live/stream", nil, 403, 200, 200},
		"GET /drill":                      {"/drill", nil, 403, 200, 200},
		"GET /drill/parts":                {"/drill/parts", nil, 403, 200, 200},
		"GET /drill/ask":                  {"/drill/ask?blow=kill", nil, 403, 403, 200},
		"POST /drill":                     {"/drill", field("blow", "kill"), 403, 403, 303},
		"GET /capture":                    {"/capture", nil, 403, 403, 200},
		"GET /capture/live":               {"/capture/live", nil, 403, 403, 200},
		"POST /capture":                   {"/capture", field("side", "both", "seconds", "9", "size", "1"), 403, 403, 303},
		"POST /capture/{id}/stop":         {"/capture/7/stop", nil, 403, 403, 303},
		"POST /capture/{id}/forget":       {"/capture/7/forget", nil, 403, 403, 303},
		"GET /capture/{id}/file":          {"/capture/7/file", nil, 403, 403, 200},
		"GET /doctor":                     {"/doctor", nil, 403, 200, 200},
		"GET /doctor/ladder":              {"/doctor/ladder", nil, 403, 403, 200},
		"GET /doctor/ladder/live":         {"/doctor/ladder/live", nil, 403, 403, 200},
		"POST /doctor/ladder":             {"/doctor/ladder", field("client", "192.0.2.1"), 403, 403, 303},
		"GET /update":                     {"/update", nil, 403, 200, 200},
		"POST /update/reboot":             {"/update/reboot", nil, 403, 403, 303},
		"POST /update/plan":               {"/update/plan", field("at", "2026-02-03T04:05"), 403, 403, 303},
		"POST /update/stay":               {"/update/stay", nil, 403, 403, 303},
		"POST /update/back":               {"/update/back", nil, 403, 403, 303},
	}
}

// TestEachRouteIsGuarded visits every page, and posts every form, as somebody unknown,
// as somebody who may look and as the owner. What is refused changes nothing, and no
// token counts.
func TestEachRouteIsGuarded(t *testing.T) {
	rows := visits()
	for _, route := range newPage(t, guarded()).routes() {
		row, ok := rows[route.pattern]
		if !ok {
			t.Errorf("%s has no row: say who may", route.pattern)
			continue
		}
		delete(rows, route.pattern)
		method, _, _ := strings.Cut(route.pattern, " ")
		for name, c := range map[string]struct {
			h    holder
			code int
		}{
			"stranger": {holder{strangers, ""}, row.stranger}, "reader": {holder{readers, "of the reader"}, row.reader}, "owner": {holder{owners, "of the owner"}, row.owner},
		} {
			b := guarded()
			p := newPage(t, b)
			v := enter(t, p, c.h)
			before := b.state()
			r := httptest.NewRequestWithContext(t.Context(), method, "https://192.0.2.10"+row.path, strings.NewReader(row.fields.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			r.Header.Set("Authorization", "Bearer "+fullToken)
			got := v.do(r)
			if got.StatusCode != c.code {
				t.Errorf("%s as %s: %s, want %d", route.pattern, name, got.Status, c.code)
			}
			if method == http.MethodGet || c.code != http.StatusSeeOther {
				if after := b.state(); after != before {
					t.Errorf("%s as %s: %s changes\n%s to\n%s", route.pattern, name, got.Status, before, after)
				}
			}
			if got.StatusCode == http.StatusForbidden && !strings.Contains(got.text, `role="alert"`) {
				t.Errorf("%s as %s: refused without a word", route.pattern, name)
			}
		}
	}
	for pattern := range rows {
		t.Errorf("%s is a row, and no route", pattern)
	}
}

// What readers cannot do, they are not offered.
func TestReadersAreOfferedNothing(t *testing.T) {
	b := guarded()
	b.status.Trial = &control.Trial{Who: "10.0.0.1", Left: 57}
	p := newPage(t, b)
	reader, owner := enter(t, p, holder{readers, "of the reader"}), enter(t, p, holder{owners, "of the owner"})
	for _, path := range []string{"/", "/live", "/log", "/flows", "/access", "/settings", "/settings?as=toml", "/settings/history", "/settings/history/2", "/api", "/update", "/drill", "/start", "/start/password", "/doctor"} {
		got := reader.get(path).text
		for _, offered := range []string{`action="/bypass`, `action="/flows`, `action="/never`, `action="/log/heads`, `action="/settings`, `href="/settings/backup`, `href="/settings/reset`, `action="/access`, `action="/update`, `id="send"`, `href="/drill/ask`, `href="/doctor/ladder`, `action="/start`, `href="/start/time"`} {
			if strings.Contains(got, offered) {
				t.Errorf("%s offers %s to who may only look", path, offered)
			}
		}
		if path == "/live" {
			continue
		}
		if !strings.Contains(got, "Log out") {
			t.Errorf("%s does not know who it is", path)
		}
	}
	if got := reader.get("/").text; !strings.Contains(got, "logged in to look") || !strings.Contains(got, "eth0") || !strings.Contains(got, "57") {
		t.Errorf("the first page: %s", got)
	}
	if got := reader.get("/settings").text; !strings.Contains(got, `value="9191"`) || strings.Count(got, " readonly") != 1 || strings.Count(got, " disabled") != 1 {
		t.Errorf("the settings: %s", got)
	}
	for path, offered := range map[string]string{
		"/": "/settings/undo", "/flows": "/flows/7/reset", "/access": "/access/reader/remove", "/settings": "/settings/review", "/settings/history": "/settings/backup", "/doctor": "/doctor/ladder",
		"/settings/history/2": "/settings/review",
	} {
		if got := owner.get(path).text; !strings.Contains(got, offered) {
			t.Errorf("%s does not offer %s to the owner", path, offered)
		}
	}
}

// apiRows is one row for each operation of the control API: who may call it over HTTPS,
// and what to send. An operation without a row fails.
func apiRows() map[string]struct {
	who  scope
	body string
} {
	return map[string]struct {
		who  scope
		body string
	}{
		"GET /v1/status":                    {readers, ""},
		"POST /v1/bypass":                   {owners, `{"on":true}`},
		"GET /v1/flows":                     {readers, ""},
		"POST /v1/flows/{id}/reset":         {owners, ""},
		"GET /v1/rules":                     {readers, ""},
		"GET /v1/neighbours":                {readers, ""},
		"GET /v1/log":                       {readers, ""},
		"GET /v1/history":                   {readers, ""},
		"GET /v1/metrics":                   {readers, ""},
		"GET /v1/web/password":              {nobody, ""},
		"PUT /v1/web/password":              {nobody, `{"old":"of the owner","new":"mine"}`},
		"PUT /v1/web/reader":                {nobody, `{"old":"of the reader","new":"mine"}`},
		"PUT /v1/web/started":               {nobody, `{"started":true}`},
		"PUT /v1/clock":                     {owners, `{"time":"2026-12-24T18:00:00Z"}`},
		"GET /v1/web/tokens":                {nobody, ""},
		"POST /v1/web/tokens":               {nobody, `{"name":"a","scope":"full","digest":"` + digestOf("a") + `"}`},
		"DELETE /v1/web/tokens/{id}":        {nobody, ""},
		"POST /v1/web/tokens/{id}/used":     {nobody, ""},
		"GET /v1/settings":                  {readers, ""},
		"POST /v1/settings/edit":            {owners, `{"text":"","set":{"a":"1"}}`},
		"POST /v1/settings/review":          {owners, `{"text":""}`},
		"POST /v1/settings/apply":           {owners, `{"text":"","who":"10.0.0.1"}`},
		"POST /v1/settings/confirm":         {owners, `{"token":"TOKEN"}`},
		"POST /v1/settings/undo":            {owners, ""},
		"GET /v1/settings/history":          {readers, ""},
		"GET /v1/settings/history/{number}": {readers, ""},
		"POST /v1/reset":                    {owners, `{"confirm":"factory reset","password":"of the owner"}`},
		"GET /v1/update":                    {readers, ""},
		"PUT /v1/update/bundle":             {owners, "a bundle"},
		"POST /v1/update/back":              {owners, ""},
		"POST /v1/update/reboot":            {owners, ""},
		"PUT /v1/update/reboot":             {owners, `{"at":"2026-02-03T04:05:06Z"}`},
		"DELETE /v1/update/reboot":          {owners, ""},
		"GET /v1/log/top":                   {readers, ""},
		"GET /v1/log/heads":                 {owners, ""},
		"PUT /v1/log/heads":                 {owners, `{"for":"1m"}`},
		"DELETE /v1/log/heads":              {owners, ""},
		"POST /v1/log/heads/stop":           {owners, ""},
		"GET /v1/drill":                     {readers, ""},
		"POST /v1/drill":                    {owners, `{"blow":"kill"}`},
		"GET /v1/capture":                   {owners, ""},
		"POST /v1/capture":                  {owners, `{}`},
		"DELETE /v1/capture/{id}":           {owners, ""},
		"POST /v1/capture/{id}/stop":        {owners, ""},
		"GET /v1/capture/{id}/file":         {owners, ""},
		"GET /v1/doctor":                    {readers, ""},
		"GET /v1/doctor/flow":               {readers, ""},
		"GET /v1/doctor/ladder":             {owners, ""},
		"POST /v1/doctor/ladder":            {owners, `{}`},
		"GET /v1/openapi.yaml":              {readers, ""},
	}
}

// nobody may call it over HTTPS.
const nobody = owners + 1

// TestEachCallIsGuarded makes every call of the control API over HTTPS: without
// anything, with tokens of both scopes and one that does not hold, with sessions of
// both, and with those sessions as another site would have a browser send them.
func TestEachCallIsGuarded(t *testing.T) {
	rows := apiRows()
	passed := apiCalls()
	for _, o := range control.Operations() {
		operation := o.Method + " " + o.Path
		row, ok := rows[operation]
		if !ok {
			t.Errorf("%s has no row: say who may call it", operation)
			continue
		}
		delete(rows, operation)
		if want := map[scope]string{readers: control.ScopeRead, owners: control.ScopeFull, nobody: control.ScopeSocket}[row.who]; o.Scope != want {
			t.Errorf("%s: openapi.yaml says x-scope %s, want %s", operation, o.Scope, want)
		}
		before := len(passed)
		passed = slices.DeleteFunc(passed, func(c apiCall) bool { return c.method == o.Method && c.path == o.Path && c.who == row.who })
		if got := before - len(passed); got != 1 && row.who != nobody || got != 0 && row.who == nobody {
			t.Errorf("%s: %d times in the table of what passes", operation, got)
		}
		path := strings.NewReplacer("{id}", "7", "{number}", "2", "/doctor/flow", "/doctor/flow?client=192.0.2.1&server=192.0.2.2").Replace(o.Path)
		for _, c := range callers() {
			code := http.StatusOK
			switch {
			case c.who == strangers:
				code = http.StatusUnauthorized
			case row.who == nobody:
				code = http.StatusNotFound
			case c.who < row.who:
				code = http.StatusForbidden
			}
			if o.Path == "/v1/reset" && code == http.StatusOK {
				code = http.StatusServiceUnavailable // it takes the password too, and what is kept here is no hash
			}
			if c.foreign && o.Method != http.MethodGet {
				code = http.StatusForbidden // before anything is looked at
			}
			b := guarded()
			p := newPage(t, b)
			v := &visitor{t: t, handler: p.Handler()}
			if c.session != (holder{}) {
				v = enter(t, p, c.session)
			}
			cookie := v.cookie
			state := b.state()
			got := v.call(t.Context(), o.Method, "/api"+path, row.body, c.headers)
			if got.StatusCode != code {
				t.Errorf("%s %s: %s, want %d: %s", operation, c.name, got.Status, code, got.text)
			}
			if code != http.StatusOK && b.state() != state {
				t.Errorf("%s %s: refused, and changes\n%s to\n%s", operation, c.name, state, b.state())
			}
			if got.Header.Get("Set-Cookie") != "" || v.cookie != cookie {
				t.Errorf("%s %s: somebody has logged in", operation, c.name)
			}
			if code == http.StatusUnauthorized && !strings.HasPrefix(got.Header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("%s %s: %v", operation, c.name, got.Header)
			}
			if code == http.StatusOK && strings.Contains(got.text, "of the owner") {
				t.Errorf("%s %s tells the hash: %s", operation, c.name, got.text)
			}
		}
	}
	for operation := range rows {
		t.Errorf("%s is a row, and no operation", operation)
	}
	for _, c := range passed {
		t.Errorf("%s %s passes, and is none of the API as it is said to be", c.method, c.path)
	}
}

// kind is one kind of caller, and what it is taken for.
type kind struct {
	name    string
	session holder
	headers []string // names and values
	who     scope
	foreign bool // another site's doing
}

func callers() []kind {
	reader, owner := holder{readers, "of the reader"}, holder{owners, "of the owner"}
	return []kind{
		{name: "by nobody", who: strangers},
		{name: "with a token that does not hold", headers: []string{"Authorization", "Bearer limpid_NONE"}, who: strangers},
		{name: "with a password", headers: []string{"Authorization", "Basic YWRtaW46YWRtaW4="}, who: strangers},
		{name: "with an empty token", headers: []string{"Authorization", "Bearer "}, who: strangers},
		{name: "with a digest as token", headers: []string{"Authorization", "Bearer " + digestOf(fullToken)}, who: strangers},
		{name: "with a token that reads", headers: []string{"Authorization", "Bearer " + readToken}, who: readers},
		{name: "with a token that may all", headers: []string{"authorization", "bearer " + fullToken}, who: owners},
		{name: "by a reader's script", session: reader, headers: []string{"Sec-Fetch-Site", "same-origin"}, who: readers},
		{name: "by the owner's script", session: owner, headers: []string{"Sec-Fetch-Site", "same-origin"}, who: owners},
		{name: "by who types it", session: owner, headers: []string{"Sec-Fetch-Site", "none"}, who: owners},
		{name: "by a session of nowhere", session: owner, who: strangers},
		{name: "by another site", session: owner, headers: []string{"Sec-Fetch-Site", "cross-site"}, who: strangers, foreign: true},
		{name: "by another port", session: owner, headers: []string{"Sec-Fetch-Site", "same-site"}, who: strangers, foreign: true},
		{name: "by another origin", session: owner, headers: []string{"Origin", "https://attacker.example"}, who: strangers, foreign: true},
		{name: "with a session and a token that does not hold", session: owner, headers: []string{"Sec-Fetch-Site", "same-origin", "Authorization", "Bearer x"}, who: strangers},
		{name: "with an owner's session and a token that reads", session: owner, headers: []string{"Sec-Fetch-Site", "same-origin", "Authorization", "Bearer " + readToken}, who: readers},
	}
}

// call makes a call.
func (v *visitor) call(ctx context.Context, method, path, body string, headers []string) answer {
	r := httptest.NewRequestWithContext(ctx, method, "https://192.0.2.10"+path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return v.do(r)
}

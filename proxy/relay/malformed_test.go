package relay

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"limpid/proxy/flowtest"
	"limpid/proxy/scoreboard"
)

var update = flag.Bool("update", false, "rewrite docs/malformed.md from what the tests see")

const malformedPage = "../../docs/malformed.md"

// malformed is a message that is refused.
type malformed struct {
	clause string // of RFC 9112 unless it says otherwise
	why    string
	// The client sends the request, if this is about a response. good is sent
	// by the same end right before bad, and all of it may pass. Of bad may pass
	// what is before a fault mark. At an ask mark the client sends get.
	request, good, bad string
	fin                bool // FIN follows
	reason             string
}

const (
	// faultMark stands in a malformed body before the first byte that is refused.
	faultMark = "¦"
	// askMark stands in a response where another request is sent.
	askMark = "↑"
)

func (m *malformed) all() string {
	return m.good + strings.NewReplacer(faultMark, "", askMark, "").Replace(m.bad)
}

// parts are the pieces of all between which the client asks.
func (m *malformed) parts() []string {
	before, behind, asks := strings.Cut(m.bad, askMark)
	if !asks {
		return []string{m.all()}
	}
	return []string{m.good + before, behind}
}

// ask sends a request when the relay holds what the server has sent of bad.
func (m *malformed) ask(r *rig) {
	r.t.Helper()
	before, _, _ := strings.Cut(m.bad, askMark)
	flowtest.Eventually(r.t, "the relay holds the beginning", func() bool { return r.held() == len(before) })
	r.client.Send(get)
	r.server.Expect(get)
}

// passes is what a relay lets pass that resets.
func (m *malformed) passes() string {
	if before, _, found := strings.Cut(m.bad, faultMark); found {
		return m.good + before
	}
	return m.good
}

// section is a table of the page.
type section struct {
	title, text string
	response    bool
	messages    []malformed
}

// TestMalformedMessages sends each message of malformedRequests and
// malformedResponses through a relay, in one piece and byte by byte. As a
// tunnel every byte must arrive, what follows too, and the flow must not be
// parsed again; with non_http = "reset" nothing of the message may arrive and
// both ends must be reset. The page is written from what was seen.
func TestMalformedMessages(t *testing.T) {
	parts := []string{malformedIntro}
	t.Run("refused", func(t *testing.T) {
		number := 0
		for _, s := range malformedSections() {
			parts = append(parts, s.heading())
			for _, m := range s.messages {
				number++
				row, number := len(parts), number
				parts = append(parts, "")
				t.Run(fmt.Sprintf("%d: RFC %s: %s", number, fullClause(m.clause), m.why), func(t *testing.T) {
					t.Parallel()
					parts[row] = fmt.Sprintf("| %d | %s |\n", number, m.play(t, s.response))
				})
			}
		}
		if number < 90 {
			t.Errorf("%d messages, want 90 at least", number)
		}
	})
	parts = append(parts, relayedPart(t))
	if !t.Failed() {
		comparePage(t, strings.Join(parts, ""))
	}
}

func (s *section) heading() string {
	text := "\n## " + s.title + "\n\n"
	if s.text != "" {
		text += s.text + "\n\n"
	}
	return text + "| # | clause | sent | what is wrong | reason | arrives: `tunnel` | arrives: `reset` |\n|---|---|---|---|---|---|---|\n"
}

// play sends the message in all ways and returns the cells of its row.
func (m *malformed) play(t *testing.T, response bool) string {
	t.Helper()
	reason, tunnelled := m.asTunnel(t, response, false)
	passed := m.asReset(t, response, false)
	if len(m.bad) < 2000 {
		m.asTunnel(t, response, true)
		m.asReset(t, response, true)
	}
	sent := shown(m.bad)
	if m.good != "" {
		sent = "… " + sent
	}
	if m.fin {
		sent += " FIN"
	}
	return strings.Join([]string{m.clause, sent, m.why, reason, tunnelled, passed}, " | ")
}

func fullClause(clause string) string {
	if strings.HasPrefix(clause, "RFC ") {
		return clause[len("RFC "):]
	}
	return "9112 " + clause
}

func comparePage(t *testing.T, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(malformedPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(malformedPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the tests see; run: go test ./proxy/relay -run Malformed -update", malformedPage)
	}
}

// ends are the end that sends the message and the one it is for.
func (m *malformed) ends(r *rig, response bool) (from, to *flowtest.End) {
	_, _ = r.client.SetNoDelay(true), r.server.SetNoDelay(true)
	if !response {
		return r.client, r.server
	}
	r.client.Send(m.request)
	r.server.Expect(m.request)
	return r.server, r.client
}

// asTunnel returns the reason and how much arrived.
func (m *malformed) asTunnel(t *testing.T, response, slowly bool) (reason, arrived string) {
	t.Helper()
	r := newRig(t, Settings{})
	from, to := m.ends(r, response)
	all := m.all()
	for i, send := range m.parts() {
		if i > 0 {
			m.ask(r)
		}
		for slowly && len(send) > 1 {
			from.Send(send[:1])
			send = send[1:]
		}
		from.Send(send)
	}
	if m.fin {
		from.Finish()
	} else {
		from.Send(get) // plainly valid, and no more to be counted than what is before it
		all += get
	}
	to.Expect(all)
	if m.fin {
		to.ExpectEOF()
	}
	to.Send(get + ok3)
	from.Expect(get + ok3)
	got := r.flow()
	if got.Verdict != "tunnel" || got.Reason != m.reason {
		t.Errorf("verdict %s, reason %s; want tunnel, %s", got.Verdict, got.Reason, m.reason)
	}
	m.checkCounts(t, r, response, got.Requests, scoreboard.Tunnels)
	if !m.fin {
		from.Finish()
		to.ExpectEOF()
	}
	to.Finish()
	from.ExpectEOF()
	return got.Reason, "all"
}

// asReset returns how much arrived.
func (m *malformed) asReset(t *testing.T, response, slowly bool) (arrived string) {
	t.Helper()
	r := newRig(t, Settings{ResetNonHTTP: true})
	from, to := m.ends(r, response)
	size := len(m.all())
	if slowly {
		size = 1
	}
	told := false // of the reset, by a write
	for i, part := range m.parts() {
		if i > 0 {
			m.ask(r)
		}
		for send := []byte(part); len(send) > 0 && !told; {
			n, err := from.Write(send[:min(size, len(send))])
			send, told = send[n:], err != nil
		}
	}
	if m.fin {
		_ = from.CloseWrite()
	}
	got, reset := to.ReadRest()
	if string(got) != m.passes() {
		t.Errorf("%q arrived, want %q", got, m.passes())
	}
	back, resetBack := from.ReadRest()
	if len(back) > 0 || !reset || !resetBack && !told {
		t.Errorf("%q came back; resets: %v and %v, want both", back, reset, resetBack)
	}
	flowtest.Eventually(t, "the flow has ended", func() bool { return r.cell(scoreboard.Ended) == 1 })
	m.checkCounts(t, r, response, r.cell(scoreboard.Requests), scoreboard.Resets)
	switch {
	case strings.Contains(m.bad, faultMark):
		return "what is before `¦`"
	case len(got) > 0:
		return "what is before it"
	}
	return "nothing"
}

// checkCounts wants one of the given fate, for the reason, and no request
// counted but those before the message.
func (m *malformed) checkCounts(t *testing.T, r *rig, response bool, requests uint64, fate scoreboard.Cell) {
	t.Helper()
	want := strings.Count(m.good, " HTTP/1.")
	if response {
		want = strings.Count(m.request, " HTTP/1.") + strings.Count(m.bad, askMark)
	}
	if int(requests) != want {
		t.Errorf("%d requests counted, want %d", requests, want)
	}
	if n := r.cell(fate); n != 1 {
		t.Errorf("%d counted in cell %d, want 1", n, fate)
	}
	for reason := range reasonCount {
		counted := r.board.Get(scoreboard.TunnelBy + scoreboard.Cell(reason))
		if due := reason.String() == m.reason; due != (counted == 1) {
			t.Errorf("%d counted for %v, want %s only", counted, reason, m.reason)
		}
	}
}

// relayed is an odd message that all recipients read alike, or ought to.
type relayed struct{ clause, why, up, down string }

// relayedPart sends each message of relayedMessages and a plain exchange
// behind it, all of which must pass and be taken for HTTP in both settings.
func relayedPart(t *testing.T) string {
	t.Helper()
	var page strings.Builder
	page.WriteString(relayedIntro)
	for _, m := range relayedMessages {
		t.Run("RFC "+fullClause(m.clause)+": "+m.why, func(t *testing.T) {
			for _, reset := range []bool{false, true} {
				r := newRig(t, Settings{ResetNonHTTP: reset})
				r.play(">< "+m.up, "<> "+m.down, "is http -", ">< "+get, "<> "+ok3, "is http -")
				if n, want := r.flow().Requests, strings.Count(m.up, " HTTP/1.")+1; int(n) != want {
					t.Errorf("%d requests counted, want %d", n, want)
				}
			}
			sent := shown(m.up)
			if m.up == get || m.up == head {
				sent = shown(m.up[:strings.Index(m.up, " ")]+"…") + ", answered " + shown(m.down)
			}
			fmt.Fprintf(&page, "| %s | %s | %s |\n", m.clause, sent, m.why)
		})
	}
	return page.String()
}

// shown is a message as Go writes it, without the middle of long runs.
func shown(s string) string {
	quoted := strconv.QuoteToASCII(s)
	quoted = quoted[1 : len(quoted)-1]
	quoted = strings.NewReplacer(`\"`, `"`, `\u00a6`, faultMark, `\u2191`, askMark, `\u2026`, "…").Replace(quoted)
	for _, run := range []string{"x", "M", `A: b\r\n`} {
		many := strings.Repeat(run, 30)
		for {
			at := strings.Index(quoted, many)
			if at < 0 {
				break
			}
			end := at
			for strings.HasPrefix(quoted[end:], run) {
				end += len(run)
			}
			quoted = fmt.Sprintf("%s%s… %d times …%s", quoted[:at], run, (end-at)/len(run), quoted[end:])
		}
	}
	return "`" + strings.ReplaceAll(quoted, "|", `\|`) + "`"
}

package clients

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"limpid/proxy/relay"
	"limpid/proxy/scoreboard"
	"limpid/test/lab"
)

// always lists what differs between any two runs: dates, boundaries, nonces,
// the tags of files that are being written.
func always() []*regexp.Regexp {
	return []*regexp.Regexp{
		regexp.MustCompile(`(?m)^[Dd]ate: [^\r\n]*`),
		regexp.MustCompile(`-{24}[0-9a-f]{16}`),   // curl's boundary
		regexp.MustCompile(`\b[0-9]{20}\b`),       // nginx's
		regexp.MustCompile(`\b[0-9a-f]{14,16}\b`), // Apache's
		regexp.MustCompile(`\b(rspauth|c?nonce|response)="[^"]*"`),
		regexp.MustCompile(`(?m)^ETag: W/"[^"]*"`),
		regexp.MustCompile(`(?mi)^sec-websocket-(key|accept): [^\r\n]*`),
	}
}

// small is up to where all of a stream is searched for what varies; of more, only
// the heads are.
const small = 64 << 10

// alike writes the same letters over whatever varies.
func (s *scenario) alike(b []byte) []byte {
	if s.patterns == nil {
		s.patterns = append(always(), s.varies...)
	}
	if len(b) <= small {
		for _, e := range s.patterns {
			b = e.ReplaceAll(b, []byte("*"))
		}
		return b
	}
	var same []byte
	for {
		from := bytes.Index(b, []byte(" HTTP/1."))
		if at := bytes.Index(b, []byte("HTTP/1.")); from < 0 || at >= 0 && at < from {
			from = at
		}
		if from < 0 {
			return append(same, b...)
		}
		size := bytes.Index(b[from:], []byte("\r\n\r\n"))
		if size < 0 || size > small {
			size = min(len(b)-from, 8)
		}
		same = append(same, b[:from]...)
		same = append(same, s.alike(b[from:from+size])...)
		b = b[from+size:]
	}
}

// compareResults: what the clients told and left.
func (s *scenario) compareResults(t *testing.T, plain, got *outcome) {
	t.Helper()
	if diff := cmp.Diff(string(s.alike([]byte(plain.said))), string(s.alike([]byte(got.said)))); diff != "" {
		t.Errorf("what the clients printed differs (- bare bridge, + limpid):\n%s", diff)
	}
	if diff := cmp.Diff(plain.files, got.files); diff != "" {
		t.Errorf("the files differ (- bare bridge, + limpid):\n%s", diff)
	}
}

// compareSides: a connection reads alike before and behind the box.
func (s *scenario) compareSides(t *testing.T, o *outcome) {
	t.Helper()
	behind := map[string]*lab.Conversation{}
	for _, c := range o.wan {
		behind[c.Client.String()+">"+c.Server.String()] = c
	}
	if len(o.lan) != len(o.wan) || len(behind) != len(o.wan) {
		t.Errorf("%d connections before the box, %d behind it, %d different", len(o.lan), len(o.wan), len(behind))
	}
	if least := max(1, s.least); len(o.lan) < least {
		t.Errorf("%d connections, want at least %d", len(o.lan), least)
	}
	for _, c := range o.lan {
		b := behind[c.Client.String()+">"+c.Server.String()]
		if b == nil {
			t.Errorf("%v is not to be seen behind the box", c)
			continue
		}
		// A client that resets has given up what is still on its way, and so
		// has a server that answers with a reset what comes after its FIN.
		broken := s.aborts || c.Up.RST || b.Down.FIN && b.Down.RST
		sameStream(t, fmt.Sprintf("%v, to the server", c), c.Up, b.Up, broken)
		sameStream(t, fmt.Sprintf("%v, to the client", c), b.Down, c.Down, broken)
	}
}

// sameStream: all that entered the box has left it, and ended as it did; of a
// broken connection no more is asked than that nothing else has left.
func sameStream(t *testing.T, what string, in, out lab.Stream, broken bool) {
	t.Helper()
	switch {
	case !bytes.HasPrefix(in.Data, out.Data):
		t.Errorf("%s: what left the box is not what entered it: %d and %d bytes, the first difference at %d",
			what, len(out.Data), len(in.Data), common(in.Data, out.Data))
	case len(in.Data) != len(out.Data) && !broken:
		t.Errorf("%s: %d bytes entered the box, %d left it", what, len(in.Data), len(out.Data))
	}
	if !broken && (in.FIN != out.FIN || in.RST != out.RST) {
		t.Errorf("%s: entered the box with FIN %t RST %t, left it with FIN %t RST %t", what, in.FIN, in.RST, out.FIN, out.RST)
	}
}

// common is how many bytes are the same from the start.
func common(a, b []byte) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// compareWires: the bytes on the wire are those of the bare bridge.
func (s *scenario) compareWires(t *testing.T, plain, got *outcome) {
	t.Helper()
	var a, b map[string]int
	switch s.compare {
	case loosely:
		return
	case messages, requests:
		a, b = s.exchanges(t, plain.lan), s.exchanges(t, got.lan)
	default:
		a, b = s.conversations(plain.lan), s.conversations(got.lan)
	}
	if !maps.Equal(a, b) {
		t.Errorf("what crossed the wire differs (- bare bridge, + limpid):\n%s", cmp.Diff(a, b))
	}
}

// conversations counts each kind of conversation.
func (s *scenario) conversations(all []*lab.Conversation) map[string]int {
	kinds := map[string]int{}
	for _, c := range all {
		if len(c.Up.Data)+len(c.Down.Data) == 0 {
			continue // opened in reserve
		}
		kinds[s.brief(c.Up.Data)+" -> "+s.brief(c.Down.Data)]++
	}
	return kinds
}

// brief is short, and the same for the same bytes.
func (s *scenario) brief(b []byte) string {
	same := s.alike(b)
	text, _, _ := bytes.Cut(same, []byte("\r\n\r\n"))
	if len(text) > 400 || bytes.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\r' && r != '\n' }) {
		text = text[:min(40, len(text))]
	}
	return fmt.Sprintf("%q %d bytes %x", text, len(same), sha256.Sum256(same))
}

// exchanges counts each kind of request with its response. How a body was cut
// into chunks is left out.
func (s *scenario) exchanges(t *testing.T, all []*lab.Conversation) map[string]int {
	kinds := map[string]int{}
	for _, c := range all {
		up, down := newTape(c.Up.Data), newTape(c.Down.Data)
		for {
			request, err := http.ReadRequest(up.reader)
			if err != nil {
				break
			}
			kind, status := s.brief(up.message(request.Body)), http.StatusContinue
			for status < 200 && status != http.StatusSwitchingProtocols {
				response, err := http.ReadResponse(down.reader, request)
				if err != nil {
					t.Errorf("%v: read the response to %s %s: %v", c, request.Method, request.URL, err)
					return kinds
				}
				status = response.StatusCode
				if answer := down.message(response.Body); s.compare == messages {
					kind += " -> " + s.brief(answer)
				}
				if response.Body.Close() != nil {
					t.Errorf("%v: close body", c)
				}
			}
			kinds[kind]++
			if status == http.StatusSwitchingProtocols {
				break // what follows is not HTTP
			}
		}
	}
	return kinds
}

// tape reads messages and gives back their bytes.
type tape struct {
	source *bytes.Reader
	reader *bufio.Reader
	data   []byte
	from   int
}

func newTape(data []byte) *tape {
	source := bytes.NewReader(data)
	return &tape{source: source, reader: bufio.NewReader(source), data: data}
}

// message is the head as it was and the body decoded, which is read to its end.
func (p *tape) message(body io.Reader) []byte {
	head, _, _ := bytes.Cut(p.data[p.from:], []byte("\r\n\r\n"))
	decoded, _ := io.ReadAll(body) // cut short: as far as it goes
	p.from = len(p.data) - p.source.Len() - p.reader.Buffered()
	return slices.Concat(head, []byte("\r\n\r\n"), decoded)
}

// tally is what limpid has counted.
type tally struct {
	requests, taken uint64
	tunnels         [scoreboard.TunnelReasons]uint64
}

func (w *world) tally() tally {
	n := tally{requests: w.board.Get(scoreboard.Requests)}
	// A health check may come between the two reads.
	for again := ^uint64(0); n.taken != again; {
		again = n.taken
		n.taken = w.board.Get(scoreboard.Taken) - w.board.Get(scoreboard.HealthTaken)
	}
	for i := range n.tunnels {
		n.tunnels[i] = w.board.Get(scoreboard.TunnelBy + scoreboard.Cell(i))
	}
	return n
}

// checkCounts: every connection was captured, and relayed as what it is.
func (s *scenario) checkCounts(t *testing.T, w *world, before tally, o *outcome) {
	t.Helper()
	want := before
	want.taken += uint64(len(o.lan))
	want.requests += s.counted
	if s.counted == 0 {
		want.requests += countRequests(o.lan)
	}
	for reason, n := range s.tunnels {
		want.tunnels[reason] += n
	}
	var now tally
	// Counts are published some 20 times a second.
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		now = w.tally()
		if s.counted == anyNumber {
			want.requests = now.requests
		}
		if len(s.either) > 0 {
			want.tunnels = s.shared(before.tunnels, now.tunnels, uint64(len(o.lan)))
		}
		if now == want {
			return
		}
	}
	t.Errorf("limpid took %d connections of %d and counted %d requests of %d",
		now.taken-before.taken, want.taken-before.taken, now.requests-before.requests, want.requests-before.requests)
	for i := range now.tunnels {
		if now.tunnels[i] != want.tunnels[i] {
			t.Errorf("limpid made %d tunnels for %v, want %d", now.tunnels[i]-before.tunnels[i], relay.Reason(i), want.tunnels[i]-before.tunnels[i])
		}
	}
}

// shared is what the reasons of either come to, if they are as many as the flows.
func (s *scenario) shared(before, now [scoreboard.TunnelReasons]uint64, flows uint64) [scoreboard.TunnelReasons]uint64 {
	want, n := before, uint64(0)
	for _, reason := range s.either {
		n += now[reason] - before[reason]
		want[reason] = now[reason]
	}
	if n != flows {
		want[s.either[0]] = before[s.either[0]] + flows
	}
	return want
}

// countRequests is how many requests net/http reads in what the clients sent.
func countRequests(all []*lab.Conversation) (n uint64) {
	for _, c := range all {
		reader := bufio.NewReader(bytes.NewReader(c.Up.Data))
		for {
			request, err := http.ReadRequest(reader)
			if err != nil || request.Method == "PRI" { // RFC 9113 section 3.4
				break
			}
			n++
			_, _ = io.Copy(io.Discard, request.Body) // the last may be cut short
		}
	}
	return n
}

// list is for a failed test's log.
func list(all []*lab.Conversation) string {
	var lines []string
	for _, c := range all {
		lines = append(lines, c.String())
	}
	slices.Sort(lines)
	lines = slices.Insert(lines[:min(len(lines), 40)], 0, fmt.Sprintf("%d connections", len(all)))
	return strings.Join(lines, "\n")
}

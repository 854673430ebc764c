package relay

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"limpid/proxy/accesslog"
	"limpid/proxy/flowtest"
	"limpid/proxy/scoreboard"
)

// logged waits for n records and describes each in one line.
func (r *rig) logged(n int) []string {
	r.t.Helper()
	var page accesslog.Page
	flowtest.Eventually(r.t, fmt.Sprintf("%d records", n), func() bool {
		flowtest.On(r.t, r.loop, func() bool { r.worker.Flush(); return true })
		var err error
		if page, err = r.log.Query(accesslog.Query{Limit: 100}); err != nil {
			r.t.Fatal(err)
		}
		return len(page.Records) >= n
	})
	var lines []string
	for _, e := range page.Records {
		lines = append(lines, fmt.Sprintf("%s %s %d %s %s %d %d", e.Method, e.URL, e.Status, e.Verdict, e.Reason, e.RequestBytes, e.ResponseBytes))
		if e.Flow != 7 || e.Client.String() != "192.0.2.1:1234" || e.Server.String() != "198.51.100.1:80" || e.Time.IsZero() {
			r.t.Errorf("a record is of another flow: %+v", e)
		}
	}
	return lines
}

func TestRecords(t *testing.T) {
	const early = "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"
	const upload = "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n"
	untilClose := "HTTP/1.1 200 OK\r\n\r\nabc"
	for _, c := range []struct {
		name   string
		script []string
		want   []string
	}{
		{"request and response", []string{">< " + get, "<> " + ok3},
			[]string{fmt.Sprintf("GET http://a/ 200 forward  %d %d", len(get), len(ok3))}},
		{"pipeline", []string{">< " + get + post5, "<> " + ok3 + ok0}, []string{
			fmt.Sprintf("GET http://a/ 200 forward  %d %d", len(get), len(ok3)), fmt.Sprintf("POST http://a/ 200 forward  %d %d", len(post5), len(ok0)),
		}},
		{"interim responses belong to the response", []string{">< " + get, "<> HTTP/1.1 100 x\r\n\r\n", "<> " + ok0},
			[]string{fmt.Sprintf("GET http://a/ 200 forward  %d %d", len(get), len("HTTP/1.1 100 x\r\n\r\n"+ok0))}},
		{"a response before the request ends", []string{">< " + upload + "abc", "<> " + early, ">< defgh"},
			[]string{fmt.Sprintf("POST http://a/up 403 forward  %d %d", len(upload)+8, len(early))}},
		{"a body that ends with the connection", []string{">< " + get, "<> " + untilClose, "S>fin", "C<eof", "C>fin"},
			[]string{fmt.Sprintf("GET http://a/ 200 forward  %d %d", len(get), len(untilClose))}},
		{"a response cut short", []string{">< " + get, "<> " + ok3[:len(ok3)-1], "S>fin", "C<eof", "C>fin"},
			[]string{fmt.Sprintf("GET http://a/ 200 abort closed %d %d", len(get), len(ok3)-1)}},
		{"no response", []string{">< " + get, "S>rst", "C<rst"}, []string{fmt.Sprintf("GET http://a/ 0 abort server-reset %d 0", len(get))}},
		{"the client gives up", []string{">< " + get, "C>rst", "S<rst"}, []string{fmt.Sprintf("GET http://a/ 0 abort client-reset %d 0", len(get))}},
		{"a tunnel from the start", []string{">< \x16\x03\x01hello", "<> you", "C>rst", "S<rst"}, []string{"  0 tunnel tls 8 3"}},
		{"upgrade", []string{">< " + ws, "<> " + switch1, ">< abc", "<> defg", "C>rst", "S<rst"}, []string{
			fmt.Sprintf("GET http://a/ws 101 forward  %d %d", len(ws), len(switch1)), "  0 tunnel upgraded 3 4",
		}},
		{"no HTTP behind a request", []string{">< " + get, ">< \x00\x00", "<> xyz", "C>rst", "S<rst"}, []string{
			fmt.Sprintf("GET http://a/ 0 tunnel nul %d 0", len(get)), "  0 tunnel nul 2 3",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, Settings{})
			r.play(c.script...)
			got := r.logged(len(c.want))
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("logged\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// Times are of the first bytes of heads, also of those that come in pieces.
func TestRecordsHaveTheTimesOfFirstBytes(t *testing.T) {
	const pause = 100 * time.Millisecond
	r := newRig(t, Settings{})
	inPieces := func(end *flowtest.End, message string) {
		end.Send(message[:10])
		flowtest.Eventually(t, "the first piece is held", func() bool { return r.held() == 10 })
		time.Sleep(pause)
		end.Send(message[10:])
	}
	inPieces(r.client, get)
	r.server.Expect(get)
	inPieces(r.server, ok3)
	r.client.Expect(ok3)
	r.logged(1)
	page, err := r.log.Query(accesslog.Query{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	e := page.Records[0]
	first, total := time.Duration(*e.FirstByte)*time.Microsecond, time.Duration(*e.Total)*time.Microsecond
	if first < pause || first > total-pause {
		t.Errorf("first byte after %v, end after %v", first, total)
	}
	// The histogram counts from the end of the request's head.
	r.cell(scoreboard.Requests)
	if sum := r.board.Distribution(scoreboard.FirstByte).Sum; sum > total-2*pause+time.Millisecond {
		t.Errorf("first byte observed after %v, end after %v", sum, total)
	}
}

func TestTransactionsAreCounted(t *testing.T) {
	r := newRig(t, Settings{})
	r.play(">< "+get, "<> "+ok3, ">< "+post5, "<> HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n", ">< "+head, "C>rst", "S<rst")
	r.logged(3)
	for _, c := range []struct {
		cell scoreboard.Cell
		name string
		want uint64
	}{
		{scoreboard.Transactions(scoreboard.GET, scoreboard.ClassOf(200), scoreboard.Forward), "GET 2xx", 1},
		{scoreboard.Transactions(scoreboard.POST, scoreboard.ClassOf(404), scoreboard.Forward), "POST 4xx", 1},
		{scoreboard.Transactions(scoreboard.HEAD, scoreboard.ClassOf(0), scoreboard.Abort), "HEAD without response", 1},
		{scoreboard.Requests, "requests", 3},
		{scoreboard.Responses, "responses", 2},
	} {
		if got := r.cell(c.cell); got != c.want {
			t.Errorf("%s: counted %d, want %d", c.name, got, c.want)
		}
	}
}

func TestIdleFlowHoldsNoTransaction(t *testing.T) {
	r := newRig(t, Settings{})
	r.play(">< "+get+get+get, "<> "+ok3+ok3+ok3)
	r.logged(3)
	if !flowtest.On(t, r.loop, func() bool {
		f := r.worker.flows[0]
		return f.waiting.empty() && f.asking == nil && f.current == nil && len(r.worker.spareTransactions) == 3
	}) {
		t.Error("an idle flow holds a transaction, or one was lost")
	}
}

package relay

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"limpid/proxy/accesslog"
)

// record has heads recorded from now on.
func (r *rig) record(filter map[string]string) {
	r.t.Helper()
	if err := r.log.Heads().Begin(accesslog.HeadOrder{Filter: filter, For: time.Minute, Count: 100}); err != nil {
		r.t.Fatal(err)
	}
}

// recorded describes the heads in a line each, in the order of their records.
func (r *rig) recorded() []string {
	var lines []string
	for _, h := range r.log.Heads().Query(0).Heads {
		lines = append(lines, fmt.Sprintf("%d %q %q %s", h.ID, h.Request.Text, h.Response.Text, h.Record.Verdict))
	}
	return lines
}

func TestHeadsAreRecorded(t *testing.T) {
	const odd = "GET /\xe9 HTTP/1.1\r\nHost:a \r\nX: \t \r\nx-odd:\xff\r\n\r\n"
	const found = "HTTP/1.0 404 \r\nSERVER:x\r\nContent-Length:   2\r\n\r\n"
	body := "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
	latin := func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			b.WriteRune(rune(s[i]))
		}
		return b.String()
	}
	for _, c := range []struct {
		name   string
		script []string
		want   []string
	}{
		{"byte by byte", []string{">< " + odd, "<> " + found + "ab"}, []string{fmt.Sprintf("1 %q %q forward", latin(odd), latin(found))}},
		{"in pieces, without the body", []string{"C> " + body[:20], "C> " + body[20:] + "abcde", "S< " + body + "abcde", "<> " + ok3}, []string{fmt.Sprintf("1 %q %q forward", body, headOf(ok3))}},
		{"interim responses are not the response", []string{">< " + get, "<> HTTP/1.1 100 x\r\nA: b\r\n\r\n", "<> " + ok0}, []string{fmt.Sprintf("1 %q %q forward", get, ok0)}},
		{"pipeline", []string{">< " + get + head, "<> " + ok3 + ok0}, []string{fmt.Sprintf("1 %q %q forward", get, headOf(ok3)), fmt.Sprintf("2 %q %q forward", head, ok0)}},
		{"no response", []string{">< " + get, "S>rst", "C<rst"}, []string{fmt.Sprintf("1 %q %q abort", get, "")}},
		{"upgrade", []string{">< " + ws, "<> " + switch1, ">< abc", "C>rst", "S<rst"}, []string{fmt.Sprintf("1 %q %q forward", ws, switch1)}},
		{"no HTTP", []string{">< \x16\x03\x01hello", "C>rst", "S<rst"}, []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, Settings{})
			r.record(nil)
			r.play(c.script...)
			r.logged(max(1, len(c.want)))
			if got := r.recorded(); strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("recorded\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// headOf is a message up to its empty line.
func headOf(message string) string {
	before, _, _ := strings.Cut(message, "\r\n\r\n")
	return before + "\r\n\r\n"
}

// A record has the number of its heads and no other's, also where only some are wanted.
func TestRecordsNameTheirHeads(t *testing.T) {
	r := newRig(t, Settings{})
	r.play(">< "+get, "<> "+ok3)
	r.record(map[string]string{"method": "POST"})
	r.play(">< "+get+post5+get, "<> "+ok3+ok0+ok3)
	r.log.Heads().Stop()
	r.play(">< "+post5, "<> "+ok0)
	r.logged(5)
	page, err := r.log.Query(accesslog.Query{Limit: 9})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range page.Records {
		got = append(got, fmt.Sprint(e.Method, e.Heads))
	}
	if want := "GET0 GET0 POST1 GET0 POST0"; strings.Join(got, " ") != want {
		t.Errorf("records %v, want %s", got, want)
	}
}

// While nobody records any more nothing is allocated, as before.
func TestNothingIsAllocatedAfterARecording(t *testing.T) {
	b := newBench(t)
	log := b.access.Heads()
	request, response := []byte(request1K), response1K()
	if err := log.Begin(accesslog.HeadOrder{For: time.Minute, Count: 8}); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		b.exchange(t, request, response)
	}
	if page := log.Query(0); page.Kept != 8 || page.Displaced != 12 || page.Heads[7].Response.Text != headOf(string(response)) {
		t.Fatalf("%+v", page)
	}
	log.Stop()
	if n := testing.AllocsPerRun(500, func() { b.exchange(t, request, response) }); n != 0 {
		t.Errorf("%v allocations an exchange, want 0", n)
	}
	if page := log.Query(0); page.Kept != 8 || page.Displaced != 12 {
		t.Errorf("after its end: %+v", page)
	}
}

package accesslog

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// numbered is a log whose ring holds n records, their flows numbered from 1.
func numbered(t testing.TB, n int) *Log {
	t.Helper()
	l := newLog(t)
	addNumbered(l, n)
	return l
}

func addNumbered(l *Log, n int) {
	record := exampleRecord()
	var b [maxPacked]byte
	for range n {
		record.Flow = l.ring.next
		record.Status = uint16(100 + record.Flow%500)
		length := record.pack(b[:])
		l.ring.add(b[:length])
	}
}

func flowsOf(p Page) []uint64 {
	var numbers []uint64
	for _, e := range p.Records {
		numbers = append(numbers, e.Flow)
	}
	return numbers
}

func ask(t *testing.T, l *Log, q Query) Page {
	t.Helper()
	p, err := l.Query(q)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func filterOf(t *testing.T, words ...string) Filter {
	t.Helper()
	all := make(map[string]string)
	for i := 0; i < len(words); i += 2 {
		all[words[i]] = words[i+1]
	}
	f, err := ParseFilter(all, time.Unix(0, exampleRecord().Started).Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestNewestThenWhatComesSince(t *testing.T) {
	l := numbered(t, 1000)
	p := ask(t, l, Query{Limit: 3})
	if got := flowsOf(p); !slices.Equal(got, []uint64{998, 999, 1000}) {
		t.Errorf("newest are %v", got)
	}
	if again := ask(t, l, Query{After: p.Cursor, Limit: 3}); len(again.Records) != 0 || again.Cursor != p.Cursor || again.Records == nil {
		t.Errorf("with nothing new: %+v", again)
	}
	addNumbered(l, 5)
	first := ask(t, l, Query{After: p.Cursor, Limit: 3})
	second := ask(t, l, Query{After: first.Cursor, Limit: 3})
	if got := append(flowsOf(first), flowsOf(second)...); !slices.Equal(got, []uint64{1001, 1002, 1003, 1004, 1005}) || second.Missed != 0 {
		t.Errorf("since then: %v, missed %d", got, second.Missed)
	}
}

func TestFollowingAFilterSkipsNothing(t *testing.T) {
	l := numbered(t, 3000)
	f := filterOf(t, "status", "150")
	p := ask(t, l, Query{Filter: f, Limit: 2})
	if got := flowsOf(p); !slices.Equal(got, []uint64{2050, 2550}) {
		t.Errorf("newest of status 150: %v", got)
	}
	// The cursor passes what the filter does not want.
	addNumbered(l, 100)
	if p = ask(t, l, Query{Filter: f, After: p.Cursor, Limit: 2}); !slices.Equal(flowsOf(p), []uint64{3050}) || p.Cursor != l.run+".3100" {
		t.Errorf("since: %v, cursor %s", flowsOf(p), p.Cursor)
	}
}

func TestRingIsBoundedAndSaysWhatIsMissed(t *testing.T) {
	l := numbered(t, 1)
	cursor := ask(t, l, Query{Limit: 1}).Cursor
	addNumbered(l, 100_000)
	if len(l.ring.segments) != maxSegments {
		t.Errorf("%d segments, want %d", len(l.ring.segments), maxSegments)
	}
	p := ask(t, l, Query{After: cursor, Limit: 10})
	first := p.Records[0].Flow
	if p.Missed != first-2 || first < 50_000 || len(p.Records) != 10 {
		t.Errorf("missed %d, then %v", p.Missed, flowsOf(p))
	}
	// All that is left, by pages, without a gap.
	next := first
	for len(p.Records) > 0 {
		for _, flow := range flowsOf(p) {
			if flow != next {
				t.Fatalf("flow %d follows %d", flow, next-1)
			}
			next++
		}
		p = ask(t, l, Query{After: p.Cursor, Limit: MaxPage})
		if p.Missed != 0 {
			t.Fatalf("missed %d of a ring that stands still", p.Missed)
		}
	}
	if next != 100_002 {
		t.Errorf("ended before flow %d", next)
	}
}

func TestPageIsBoundedInBytes(t *testing.T) {
	l := newLog(t)
	r := l.Recorder()
	long := exampleRecord()
	long.Target, long.UserAgent = []byte("/"+strings.Repeat("\xff", MaxTarget)), []byte(strings.Repeat("\x01", MaxUserAgent))
	for range 600 {
		r.Record(&long)
	}
	r.Flush()
	for len(l.pool.full) > 0 {
		l.pass(<-l.pool.full)
	}
	newest := ask(t, l, Query{Limit: MaxPage})
	oldest := ask(t, l, Query{After: l.run + ".0", Limit: MaxPage})
	for name, p := range map[string]Page{"newest": newest, "after": oldest} {
		text, err := json.Marshal(p)
		if n := len(p.Records); err != nil || n < 100 || n == 600 || len(text) > 3<<20 {
			t.Errorf("%s: %d records in a page of %d bytes, %v", name, n, len(text), err)
		}
	}
}

func TestCursorOfAnotherRunStandsForAll(t *testing.T) {
	l := numbered(t, 5)
	p := ask(t, l, Query{After: "OTHERRUN.4", Limit: 10})
	if got := flowsOf(p); !slices.Equal(got, []uint64{1, 2, 3, 4, 5}) || p.Missed != 0 {
		t.Errorf("%v, missed %d", got, p.Missed)
	}
	// One that lies beyond the end is brought back.
	if p = ask(t, l, Query{After: l.run + ".99", Limit: 10}); len(p.Records) != 0 || p.Cursor != l.run+".5" {
		t.Errorf("%+v", p)
	}
	empty := newLog(t)
	if p := ask(t, empty, Query{Limit: 10}); len(p.Records) != 0 || p.Cursor != empty.run+".0" || p.Missed != 0 {
		t.Errorf("of nothing: %+v", p)
	}
	for _, q := range []Query{{Limit: 0}, {Limit: MaxPage + 1}, {Limit: 1, After: "x"}, {Limit: 1, After: ".1"}, {Limit: 1, After: "a.-1"}, {Limit: 1, After: "a.b"}} {
		if _, err := l.Query(q); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

func TestFilters(t *testing.T) {
	r := exampleRecord() // 192.0.2.7, [2001:db8::1]:80, www.example, 200, 5430 bytes, 5.6 ms
	for _, c := range []struct {
		words string
		want  bool
	}{
		{"", true},
		{"client=192.0.2.7", true}, {"client=192.0.2.0/24", true}, {"client=192.0.2.9/24", true}, {"client=192.0.2.8", false}, {"client=::/0", false},
		{"server=2001:db8::/32", true}, {"server=2001:db8::2", false},
		{"host=www.example", true}, {"host=WWW.Example", true}, {"host=*.example", true}, {"host=w*w.*ple", true}, {"host=*", true},
		{"host=example", false}, {"host=www.exampl", false}, {"host=*.example.org", false}, {"host=www.example*www.example", false},
		{"method=GET", true}, {"method=get", false}, {"method=POST", false},
		{"status=200", true}, {"status=2xx", true}, {"status=2XX", true}, {"status=4xx", false}, {"status=201", false},
		{"verdict=forward", true}, {"verdict=hit", false}, {"reason=tls", false},
		{"path=/path", true}, {"path=?q", true}, {"path=http://www", true}, {"path=/Path", false},
		{"min_time=5ms", true}, {"min_time=6ms", false}, {"min_bytes=5430", true}, {"min_bytes=5KiB", true}, {"min_bytes=6KiB", false}, {"min_bytes=1GiB", false},
		{"since=2m", true}, {"since=30s", false}, {"since=2026-01-02T02:57:25Z", true}, {"since=2026-01-02T02:57:26Z", false},
		{"client=192.0.2.7 status=2xx host=*.example", true}, {"client=192.0.2.7 status=4xx", false},
	} {
		var words []string
		for word := range strings.FieldsSeq(c.words) {
			key, value, _ := strings.Cut(word, "=")
			words = append(words, key, value)
		}
		f := filterOf(t, words...)
		if got := f.match(&r); got != c.want {
			t.Errorf("%s: %v, want %v", c.words, got, c.want)
		}
	}
	tunnel := exampleTunnel()
	for words, want := range map[[2]string]bool{
		{"reason", "server-first"}: true, {"host", "198.51.100.1"}: true, {"status", "2xx"}: false, {"path", "/"}: false, {"min_time", "1m"}: true, {"verdict", "tunnel"}: true,
	} {
		if f := filterOf(t, words[:]...); f.match(&tunnel) != want {
			t.Errorf("tunnel and %v: %v", words, !want)
		}
	}
	bracket := exampleRecord()
	bracket.Host = []byte("[2001:DB8::1]:8080")
	if f := filterOf(t, "host", "2001:db8::1"); !f.match(&bracket) {
		t.Error("a host in brackets is not found")
	}
	// A record whose time is unknown is as long as none.
	unknown := exampleRecord()
	unknown.Total = Unknown
	if f := filterOf(t, "min_time", "1ns"); f.match(&unknown) {
		t.Error("an unknown time is at least 1 ns")
	}
}

func TestMistakesInFiltersAreOneLine(t *testing.T) {
	for _, c := range []struct{ key, word, want string }{
		{"client", "here", "want an address or a prefix"}, {"server", "192.0.2.1/33", "want an address or a prefix"}, {"client", "fe80::1%eth0", "want an address or a prefix"},
		{"status", "xx", "want a number like 404"}, {"status", "0xx", "want a number"}, {"status", "99", "want a number"}, {"status", "4000", "want a number"},
		{"verdict", "blocked", "want one of forward"}, {"min_time", "5", "want a time like"}, {"min_time", "-5s", "want a time like"},
		{"min_bytes", "1MB", "want a size like"}, {"min_bytes", "-1", "want a size like"}, {"min_bytes", "9999999999GiB", "want a size like"},
		{"since", "-5m", "want how long ago"}, {"since", "monday\n", "want how long ago"}, {"colour", "red", "no filter \"colour\": want one of client, host,"},
	} {
		_, err := ParseFilter(map[string]string{c.key: c.word}, time.Now())
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s=%q: %v, want %s", c.key, c.word, err, c.want)
		}
	}
	if f, err := ParseFilter(map[string]string{"client": "", "status": ""}, time.Now()); err != nil || f != (Filter{}) {
		t.Errorf("empty words: %+v, %v", f, err)
	}
}

// Asking while records come: no page has a gap that it does not own up to.
func TestQueriesWhileRecordsCome(t *testing.T) {
	r := start(t, Settings{}, nil)
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		cursor, next := r.run+".0", uint64(1)
		for {
			p, err := r.Query(Query{After: cursor, Limit: 100})
			if err != nil {
				done <- err
				return
			}
			next += p.Missed
			for _, flow := range flowsOf(p) {
				if flow != next {
					done <- fmt.Errorf("flow %d where %d is due", flow, next)
					return
				}
				next++
			}
			cursor = p.Cursor
			select {
			case <-stop:
				if len(p.Records) == 0 {
					done <- nil
					return
				}
			default:
			}
		}
	}()
	for range 100 {
		r.record(200)
		r.settle()
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if c := r.Counts(); c.Dropped != 0 {
		t.Errorf("%+v", c)
	}
}

func BenchmarkQuery(b *testing.B) {
	l := numbered(b, 20_000)
	f, err := ParseFilter(map[string]string{"client": "10.0.0.0/8"}, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := l.Query(Query{Filter: f, Limit: 100}); err != nil {
			b.Fatal(err)
		}
	}
}

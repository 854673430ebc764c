package accesslog

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

// recording is a log whose heads are recorded, on a clock of its own.
type recording struct {
	t        *testing.T
	log      *Log
	recorder *Recorder
	now      time.Time
}

func newRecording(t *testing.T, o HeadOrder) *recording {
	t.Helper()
	r := &recording{t: t, log: newLog(t), now: time.Unix(1_767_322_645, 0)}
	r.log.heads.clock = func() time.Time { return r.now }
	r.recorder = r.log.Recorder()
	if err := r.log.Heads().Begin(o); err != nil {
		t.Fatal(err)
	}
	return r
}

// pass has a transaction go by, and gives the number of its heads; 0 for none.
func (r *recording) pass(request, response string, change func(*Record)) uint64 {
	record := exampleRecord()
	record.Started = r.now.UnixNano()
	if change != nil {
		change(&record)
	}
	if r.recorder.Recording() {
		if record.Heads = r.recorder.Begin(&record, []byte(request)); record.Heads != nil {
			record.Heads.Response([]byte(response))
		}
	}
	r.recorder.Record(&record)
	return record.HeadsID
}

func TestHeadsAsTheyCrossed(t *testing.T) {
	request := "GET /a?b=\xe9 HTTP/1.1\r\nHost:   www.example \r\nX-Odd: \xff\xfe\r\nX-Empty:\r\n\r\n"
	response := "HTTP/1.1 200 \r\nContent-Type: text/html\r\nSET-COOKIE2: x\r\n\r\n"
	r := newRecording(t, HeadOrder{For: time.Minute, Count: 3, Who: "me"})
	if id := r.pass(request, response, nil); id != 1 {
		t.Fatalf("number %d", id)
	}
	page := r.log.Heads().Query(0)
	if len(page.Heads) != 1 || page.Cursor != 1 || !page.Recording || !page.Begun || page.Who != "me" || page.Kept != 1 || page.Count != 3 || !page.Until.Equal(r.now.Add(time.Minute)) {
		t.Fatalf("%+v", page)
	}
	h := page.Heads[0]
	for name, c := range map[string]struct {
		got  Head
		want string
	}{"request": {h.Request, request}, "response": {h.Response, response}} {
		var back []byte
		for _, char := range c.got.Text {
			back = append(back, byte(char))
		}
		if string(back) != c.want || c.got.Bytes != len(c.want) || c.got.Cut {
			t.Errorf("%s: %q of %d bytes, cut %v; want %q", name, back, c.got.Bytes, c.got.Cut, c.want)
		}
	}
	want := exampleRecord()
	want.Started, want.HeadsID = r.now.UnixNano(), 1
	if !reflect.DeepEqual(h.Record, want.entry()) || h.ID != 1 {
		t.Errorf("of record %+v, want %+v", h.Record, want.entry())
	}
	// The record tells its heads, also from memory.
	r.recorder.Flush()
	r.log.pass(<-r.log.pool.full)
	if page, err := r.log.Query(Query{Limit: 1}); err != nil || page.Records[0].Heads != 1 {
		t.Errorf("%+v, %v", page, err)
	}
	if rest := r.log.Heads().Query(1); len(rest.Heads) != 0 || rest.Cursor != 1 {
		t.Errorf("after all: %+v", rest)
	}
}

// What lets in whoever has it is told by its length alone, however it is written.
func TestSecretsStayInside(t *testing.T) {
	const secret = "s3cret"
	lines := []string{"Cookie: s3cret", "cOOKIE:s3cret", "Authorization: Basic s3cret", "Proxy-Authorization:\t s3cret ", "Set-Cookie: a=s3cret; Path=/", "Set-Cookie : s3cret", "Cookie: a\r\n s3cret\r\n\ts3cret"}
	for _, line := range lines {
		for _, head := range []string{"GET / HTTP/1.1\r\n" + line + "\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n" + line + "\r\n\r\n", "GET / HTTP/1.1\r\n" + line} {
			h := (&keptHead{[]byte(head), len(head)}).shown()
			if strings.Contains(h.Text, secret) || !strings.Contains(h.Text, "bytes, not shown)") {
				t.Errorf("%q is shown as %q", head, h.Text)
			}
			if host := "\r\nHost: a\r\n\r\n"; strings.HasSuffix(head, host) != strings.HasSuffix(h.Text, host) {
				t.Errorf("%q is shown as %q: what follows is another", head, h.Text)
			}
		}
	}
	h := (&keptHead{[]byte("GET / HTTP/1.1\r\nCookie: 12345\r\nX-Cookie: shown\r\n\r\n"), 51}).shown()
	if want := "GET / HTTP/1.1\r\nCookie: (5 bytes, not shown)\r\nX-Cookie: shown\r\n\r\n"; h.Text != want {
		t.Errorf("shown as %q, want %q", h.Text, want)
	}
	// Cut in the middle of the value: nobody knows how long it was.
	if h := (&keptHead{[]byte("GET / HTTP/1.1\r\nCookie: 12345"), 9000}).shown(); h.Text != "GET / HTTP/1.1\r\nCookie: (at least 5 bytes, not shown)" || !h.Cut || h.Bytes != 9000 {
		t.Errorf("cut: %+v", h)
	}
}

func TestLongHeadsAreCut(t *testing.T) {
	r := newRecording(t, HeadOrder{For: time.Minute, Count: 1})
	long := "GET /" + strings.Repeat("x", MaxHead) + " HTTP/1.1\r\n\r\n"
	r.pass(long, long[:MaxHead], nil)
	h := r.log.Heads().Query(0).Heads[0]
	if h.Request.Text != long[:MaxHead] || !h.Request.Cut || h.Request.Bytes != len(long) {
		t.Errorf("a long one: %d characters of %d, cut %v", len(h.Request.Text), h.Request.Bytes, h.Request.Cut)
	}
	if h.Response.Text != long[:MaxHead] || h.Response.Cut {
		t.Errorf("one that just fits: cut %v", h.Response.Cut)
	}
}

// The newest stay, within the number and the bytes.
func TestHeadsAreBounded(t *testing.T) {
	r := newRecording(t, HeadOrder{For: time.Minute, Count: 10})
	for i := range 25 {
		r.pass(fmt.Sprintf("GET /%d HTTP/1.1\r\n\r\n", i), "", nil)
	}
	page := r.log.Heads().Query(0)
	if page.Kept != 10 || page.Displaced != 15 || len(page.Heads) != 10 || page.Heads[0].ID != 16 || !strings.HasPrefix(page.Heads[9].Request.Text, "GET /24 ") {
		t.Errorf("%d kept, %d displaced, from %d on", page.Kept, page.Displaced, page.Heads[0].ID)
	}
	r.log.Heads().Forget()
	if err := r.log.Heads().Begin(HeadOrder{For: time.Minute, Count: MaxHeads}); err != nil {
		t.Fatal(err)
	}
	large := "GET / HTTP/1.1\r\nX: " + strings.Repeat("x", MaxHead)
	for range 2 * MaxHeads {
		r.pass(large, large, nil)
	}
	s := r.log.heads.last
	if s.bytes > maxHeadBytes || s.bytes < maxHeadBytes-3*MaxHead || len(s.kept) == MaxHeads || s.held.Load() != 0 {
		t.Errorf("%d bytes of %d heads kept, %d under way", s.bytes, len(s.kept), s.held.Load())
	}
	// All of them come, in answers that the link carries.
	got, answers := 0, 0
	for after := uint64(0); ; answers++ {
		page := r.log.Heads().Query(after)
		if len(page.Heads) == 0 {
			break
		}
		got += len(page.Heads)
		after = page.Cursor
	}
	if got != len(s.kept) || answers < 3 {
		t.Errorf("%d of %d heads, in %d answers", got, len(s.kept), answers)
	}
	// What is under way is bounded too, and what has no room is counted.
	var under []*Heads
	record := exampleRecord()
	record.Started = r.now.UnixNano()
	for range 4 * MaxHeads {
		if h := r.recorder.Begin(&record, []byte(large)); h != nil {
			under = append(under, h)
		}
	}
	if s.held.Load() > maxHeadBytes || len(under) == 0 || s.missed.Load() != uint64(4*MaxHeads-len(under)) {
		t.Errorf("%d bytes of %d under way, %d missed", s.held.Load(), len(under), s.missed.Load())
	}
	for _, h := range under {
		record.Heads = h
		r.recorder.Record(&record)
	}
	if s.held.Load() != 0 {
		t.Errorf("%d bytes under way, of none", s.held.Load())
	}
}

// What a filter says of the end of a transaction is known at its end.
func TestHeadsThatAreWanted(t *testing.T) {
	r := newRecording(t, HeadOrder{For: time.Minute, Count: 10, Filter: map[string]string{"host": "*.example", "status": "5xx", "path": "/a", "method": "GET", "client": "192.0.2.0/24"}})
	fits := func(change func(*Record)) func(*Record) {
		return func(r *Record) {
			r.Target, r.Status = []byte("/a"), 503
			if change != nil {
				change(r)
			}
		}
	}
	for name, c := range map[string]struct {
		change func(*Record)
		begins bool
	}{
		"status": {func(r *Record) { r.Status = 200 }, true}, "method": {func(r *Record) { r.Method = []byte("PUT") }, false}, "path": {func(r *Record) { r.Target = []byte("/") }, false},
		"host": {func(r *Record) { r.Host = []byte("a.test") }, false}, "client": {func(r *Record) { r.Client = netip.MustParseAddrPort("10.0.0.1:1") }, false},
	} {
		record := exampleRecord()
		record.Started = r.now.UnixNano()
		fits(c.change)(&record)
		h := r.recorder.Begin(&record, []byte("x"))
		if (h != nil) != c.begins {
			t.Errorf("%s: kept from the begin: %v", name, h != nil)
		}
		if h != nil {
			r.log.heads.keep(h, &record)
		}
		if id := r.pass("x", "y", fits(c.change)); id != 0 {
			t.Errorf("%s does not fit, and is kept", name)
		}
	}
	if id := r.pass("x", "y", fits(nil)); id != 1 {
		t.Errorf("what fits has number %d", id)
	}
}

func TestRecordingEnds(t *testing.T) {
	r := newRecording(t, HeadOrder{For: time.Minute, Count: 10})
	heads := r.log.Heads()
	r.pass("a", "", nil)
	if err := heads.Begin(HeadOrder{For: time.Minute, Count: 1}); err == nil || !strings.Contains(err.Error(), "stop that first") {
		t.Errorf("a second one: %v", err)
	}
	// What has not ended when it is stopped is not part of it.
	record := exampleRecord()
	record.Started = r.now.UnixNano()
	record.Heads = r.recorder.Begin(&record, []byte("b"))
	heads.Stop()
	r.recorder.Record(&record)
	if record.HeadsID != 0 || r.recorder.Recording() || heads.Query(0).Kept != 1 {
		t.Errorf("after its end: number %d, recording %v", record.HeadsID, r.recorder.Recording())
	}
	if page := heads.Query(0); page.Recording || !page.Begun || !page.Until.Equal(r.now.Add(HeadsStay)) {
		t.Errorf("stopped: %+v", page)
	}
	r.now = r.now.Add(HeadsStay)
	heads.Age()
	if page := heads.Query(0); page.Begun || len(page.Heads) != 0 || heads.last != nil {
		t.Errorf("long after: %+v", page)
	}
	// By itself, and numbers go on.
	if err := heads.Begin(HeadOrder{For: time.Minute, Count: 10}); err != nil {
		t.Fatal(err)
	}
	if id := r.pass("c", "", nil); id != 2 {
		t.Errorf("number %d, want 2", id)
	}
	r.now = r.now.Add(time.Minute)
	if id := r.pass("d", "", nil); id != 0 {
		t.Errorf("after its time: number %d", id)
	}
	heads.Age()
	if r.recorder.Recording() || heads.Query(0).Kept != 1 {
		t.Error("after its time it goes on, or is gone at once")
	}
	heads.Forget()
	if page := heads.Query(0); page.Begun || heads.last != nil {
		t.Errorf("forgotten: %+v", page)
	}
	for _, o := range []HeadOrder{{For: 0, Count: 1}, {For: MaxHeadTime + 1, Count: 1}, {For: 1}, {For: 1, Count: MaxHeads + 1}, {For: 1, Count: 1, Filter: map[string]string{"status": "what"}}, {For: 1, Count: 1, Filter: map[string]string{"x": "y"}}} {
		if err := heads.Begin(o); err == nil || heads.last != nil {
			t.Errorf("%+v was begun", o)
		}
	}
}

// FuzzHead shows whatever bytes: as many characters, but for what is hidden, and no
// secret.
func FuzzHead(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\nCookie: a\r\n b\r\nHost: x\r\n\r\n"), 3)
	f.Add([]byte("HTTP/1.1 200\nSet-Cookie:\nset-cookie:x"), 0)
	f.Add([]byte("\nSe\rt-Cookie:"), 4)
	f.Add([]byte("\n\xa0Cookie:"), -68)
	f.Add([]byte("\n\x85Cookie\xc2\xa0:"), 0)
	f.Fuzz(func(t *testing.T, head []byte, more int) {
		h := (&keptHead{head, len(head) + max(0, more%9)}).shown()
		if !strings.Contains(h.Text, "not shown)") && len([]rune(h.Text)) != len(head) {
			t.Fatalf("%q is shown as %q", head, h.Text)
		}
		for i, line := range strings.Split(h.Text, "\n") {
			name, value, ok := strings.Cut(strings.TrimSuffix(line, "\r"), ":")
			if i > 0 && ok && hidden([]byte(name)) && !strings.HasSuffix(value, "not shown)") {
				t.Fatalf("%q is shown as %q", head, h.Text)
			}
		}
	})
}

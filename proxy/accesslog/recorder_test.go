package accesslog

import (
	"log/slog"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

func exampleRecord() Record {
	return Record{
		Started: 1_767_322_645_678_901_234, Flow: 7, VLAN: 12,
		Client: netip.MustParseAddrPort("192.0.2.7:40000"), Server: netip.MustParseAddrPort("[2001:db8::1]:80"),
		Method: []byte("GET"), Host: []byte("www.example"), Target: []byte("/path?q=1"),
		UserAgent: []byte("Mozilla/5.0 (X11; Linux x86_64)"), ContentType: []byte("text/html; charset=utf-8"),
		Status: 200, Verdict: Forward, RequestBytes: 310, ResponseBytes: 5120,
		Connect: 1_200_000, FirstByte: 3_400_000, Total: 5_600_000,
	}
}

func newLog(t testing.TB) *Log {
	t.Helper()
	l, err := New(Settings{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestPackedRecordComesBack(t *testing.T) {
	mapped := exampleRecord()
	mapped.Client = netip.MustParseAddrPort("[::ffff:192.0.2.7]:1")
	tunnel := Record{
		Started: 1, Flow: 1 << 63, Client: netip.MustParseAddrPort("[fe80::1]:65535"), Server: netip.MustParseAddrPort("198.51.100.1:1"),
		Verdict: Tunnel, Reason: "server-first", RequestBytes: 1 << 62, ResponseBytes: 1<<64 - 1, Connect: Unknown, FirstByte: Unknown, Total: 0,
		Method: []byte{}, Host: []byte{}, Target: []byte{}, UserAgent: []byte{}, ContentType: []byte{},
	}
	for _, want := range []Record{exampleRecord(), mapped, tunnel} {
		var b [maxPacked]byte
		n := want.pack(b[:])
		if packedLen(b[:]) != n {
			t.Errorf("packed in %d bytes, says %d", n, packedLen(b[:]))
		}
		var got Record
		got.unpack(b[:n])
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
}

func TestLongTextsAreCutAndMarked(t *testing.T) {
	long := exampleRecord()
	text := []byte(strings.Repeat("x", 1<<16))
	long.Method, long.Host, long.Target, long.UserAgent, long.ContentType = text, text, text, text, text
	long.Reason = string(text)
	var b [maxPacked]byte
	if n := long.pack(b[:]); n != maxPacked {
		t.Errorf("packed in %d bytes, want %d", n, maxPacked)
	}
	var got Record
	got.unpack(b[:])
	lens := []int{len(got.Method), len(got.Host), len(got.Target), len(got.UserAgent), len(got.ContentType), len(got.Reason)}
	if want := []int{MaxMethod, MaxHost, MaxTarget, MaxUserAgent, MaxContentType, MaxReason}; !reflect.DeepEqual(lens, want) {
		t.Errorf("texts of %v bytes, want %v", lens, want)
	}
	if want := cutMethod | cutHost | cutTarget | cutUserAgent | cutContentType | cutReason; got.cut != want {
		t.Errorf("cut %b, want %b", got.cut, want)
	}
	whole := exampleRecord()
	whole.Target = text[:MaxTarget]
	n := whole.pack(b[:])
	if got.unpack(b[:n]); got.cut != 0 {
		t.Errorf("a target of %d bytes is marked as cut", MaxTarget)
	}
}

func TestRecordAllocatesNothing(t *testing.T) {
	l := newLog(t)
	r := l.Recorder()
	record := exampleRecord()
	// Warm: all blocks are made, and go round.
	turn := func() {
		for range 1000 {
			r.Record(&record)
		}
		r.Flush()
		for len(l.pool.full) > 0 {
			l.pass(<-l.pool.full)
		}
	}
	for range 100 {
		turn()
	}
	if n := testing.AllocsPerRun(20, turn); n != 0 {
		t.Errorf("%v allocations for 1000 records, want 0", n)
	}
}

func TestRecordsBeyondTheBlocksAreDroppedAndCounted(t *testing.T) {
	l := newLog(t)
	r := l.Recorder()
	record := exampleRecord()
	const given = 100_000
	for range given {
		r.Record(&record)
	}
	r.Flush()
	kept := 0
	if n := len(l.pool.full); n != maxBlocks {
		t.Errorf("%d blocks are full, want %d", n, maxBlocks)
	}
	for len(l.pool.full) > 0 {
		b := <-l.pool.full
		kept += b.records
		l.pass(b)
	}
	c := l.Counts()
	if c.Dropped == 0 || uint64(kept) != c.Taken || c.Taken+c.Dropped != given {
		t.Errorf("%d kept, %+v; want %d in all", kept, c, given)
	}
	r.Record(&record)
	if r.Flush(); l.Counts().Dropped != c.Dropped || len(l.pool.full) != 1 {
		t.Error("with blocks free again the next record is lost")
	}
}

func TestIdleLogHoldsNoBlocks(t *testing.T) {
	l := newLog(t)
	r := l.Recorder()
	record := exampleRecord()
	for range 1000 {
		r.Record(&record)
	}
	r.Flush()
	r.Flush()
	if r.block != nil {
		t.Error("a recorder holds a block with nothing in it")
	}
	for len(l.pool.full) > 0 {
		l.pass(<-l.pool.full)
	}
	if l.pool.shrink(); l.pool.made.Load() != 0 || len(l.pool.free) != 0 {
		t.Errorf("%d blocks are left", l.pool.made.Load())
	}
}

func TestNoRecorderTakesNothing(*testing.T) {
	var none *Recorder
	record := exampleRecord()
	none.Record(&record)
	none.Flush()
}

func BenchmarkRecord(b *testing.B) {
	l := newLog(b)
	r := l.Recorder()
	record := exampleRecord()
	b.ReportAllocs()
	for b.Loop() {
		r.Record(&record)
		if len(l.pool.full) > 0 {
			l.pool.put(<-l.pool.full)
		}
	}
}

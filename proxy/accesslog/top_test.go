package accesslog

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// addOne puts a record of a client, a Host field and a length of the response into the ring.
func addOne(l *Log, client, host string, bytes uint64, started int64) {
	record := exampleRecord()
	record.Client, record.Host = netip.MustParseAddrPort(client), []byte(host)
	record.RequestBytes, record.ResponseBytes, record.Started = 1, bytes-1, started
	var b [maxPacked]byte
	l.ring.add(b[:record.pack(b[:])])
}

func TestTopRanksByBoth(t *testing.T) {
	l := newLog(t)
	addOne(l, "192.0.2.1:1000", "small.example", 10, 3e9)
	addOne(l, "192.0.2.1:1001", "Small.Example:8080", 10, 2e9)
	addOne(l, "192.0.2.2:1000", "large.example", 5000, 4e9)
	addOne(l, "[2001:db8::1]:1000", "", 20, 5e9)
	top, err := l.Top(2)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		got, want []Rank
	}{
		{"sites by requests", top.Sites.ByRequests, []Rank{{"small.example", 2, 20}, {"large.example", 1, 5000}}},
		{"sites by bytes", top.Sites.ByBytes, []Rank{{"large.example", 1, 5000}, {"small.example", 2, 20}}},
		{"clients by requests", top.Clients.ByRequests, []Rank{{"192.0.2.1", 2, 20}, {"192.0.2.2", 1, 5000}}},
		{"clients by bytes", top.Clients.ByBytes, []Rank{{"192.0.2.2", 1, 5000}, {"192.0.2.1", 2, 20}}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
	if top.Records != 4 || !top.Since.Equal(time.Unix(2, 0)) {
		t.Errorf("%d records since %v", top.Records, top.Since)
	}
	// Each name is one that the filter finds as many records by.
	all, err := l.Top(MaxTop)
	if err != nil {
		t.Fatal(err)
	}
	for word, ranks := range map[string][]Rank{"host": all.Sites.ByRequests, "client": all.Clients.ByRequests} {
		for _, r := range ranks {
			if got := ask(t, l, Query{Filter: filterOf(t, word, r.Name), Limit: 100}); uint64(len(got.Records)) != r.Requests {
				t.Errorf("%s=%s: %d records, want %d", word, r.Name, len(got.Records), r.Requests)
			}
		}
	}
}

func TestTopIsOfWhatIsInMemory(t *testing.T) {
	l := newLog(t)
	if top, err := l.Top(5); err != nil || top.Records != 0 || !top.Since.IsZero() || top.Sites.ByBytes == nil || len(top.Clients.ByRequests) != 0 {
		t.Errorf("of nothing: %+v, %v", top, err)
	}
	// A name each, until the oldest are gone from memory.
	n := 0
	for ; l.ring.first() == 1 || n == 0; n++ {
		addOne(l, fmt.Sprintf("10.%d.%d.%d:1", n>>16, n>>8&255, n&255), fmt.Sprintf("host%d.example", n), uint64(1000+n), int64(n+1))
	}
	top, err := l.Top(1)
	if err != nil {
		t.Fatal(err)
	}
	kept := int(l.ring.next - l.ring.first())
	newest := fmt.Sprintf("host%d.example", n-1)
	if top.Records != kept || kept >= n || top.Since.UnixNano() != int64(n-kept+1) || top.Sites.ByBytes[0].Name != newest {
		t.Errorf("%d of %d records since %d, first %v; want %d and %s", top.Records, n, top.Since.UnixNano(), top.Sites.ByBytes, kept, newest)
	}
	for _, limit := range []int{0, MaxTop + 1} {
		if _, err := l.Top(limit); err == nil {
			t.Errorf("a limit of %d", limit)
		}
	}
}

func BenchmarkTop(b *testing.B) {
	l := newLog(b)
	for n := 0; l.ring.first() == 1 || n == 0; n++ {
		addOne(l, fmt.Sprintf("10.%d.%d.%d:1", n>>16, n>>8&255, n&255), fmt.Sprintf("host%d.example", n), 1000, 1)
	}
	for b.Loop() {
		if _, err := l.Top(10); err != nil {
			b.Fatal(err)
		}
	}
}

package accesslog

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func exampleTunnel() Record {
	return Record{
		Started: 1_767_322_645_678_901_234, Flow: 8,
		Client: netip.MustParseAddrPort("[2001:db8::7]:40001"), Server: netip.MustParseAddrPort("198.51.100.1:80"),
		Verdict: Tunnel, Reason: "server-first", RequestBytes: 10, ResponseBytes: 3 << 20,
		Connect: Unknown, FirstByte: Unknown, Total: 61_000_000_000,
	}
}

// exampleLines are the records of the documentation in every format.
func TestFormats(t *testing.T) {
	get, tunnel := exampleRecord(), exampleTunnel()
	hit := exampleRecord()
	hit.Client, hit.Server = netip.MustParseAddrPort("192.0.2.7:40000"), netip.MustParseAddrPort("198.51.100.1:8080")
	hit.VLAN, hit.Host, hit.Target, hit.Verdict, hit.Connect, hit.UserAgent = 0, nil, []byte("/a b\xff<"), Hit, Unknown, []byte("caf\xe9 \x1b[31m\"]\\ \u00e9\u202e")
	hit.cut = cutTarget | cutUserAgent
	syslog := NewSyslog("box.example")
	pid := strings.Fields(string(syslog.head))[2]
	for _, c := range []struct {
		name   string
		format interface {
			Append([]byte, *Record) []byte
		}
		record Record
		want   string
	}{
		{"json", &JSON{}, get, `{"time":"2026-01-02T02:57:25.678901Z","flow":7,"client":"192.0.2.7:40000","server":"[2001:db8::1]:80","vlan":12,"method":"GET","url":"http://www.example/path?q=1","status":200,"verdict":"forward","request_bytes":310,"response_bytes":5120,"connect_us":1200,"first_byte_us":3400,"total_us":5600,"user_agent":"Mozilla/5.0 (X11; Linux x86_64)","content_type":"text/html; charset=utf-8"}` + "\n"},
		{"json tunnel", &JSON{}, tunnel, `{"time":"2026-01-02T02:57:25.678901Z","flow":8,"client":"[2001:db8::7]:40001","server":"198.51.100.1:80","verdict":"tunnel","reason":"server-first","request_bytes":10,"response_bytes":3145728,"total_us":61000000}` + "\n"},
		{"json escapes", &JSON{}, hit, `{"time":"2026-01-02T02:57:25.678901Z","flow":7,"client":"192.0.2.7:40000","server":"198.51.100.1:8080","method":"GET","url":"http://198.51.100.1:8080/a%20b%FF%3C","status":200,"verdict":"hit","request_bytes":310,"response_bytes":5120,"first_byte_us":3400,"total_us":5600,"user_agent":"café \u001B[31m\"]\\ é\u202E","content_type":"text/html; charset=utf-8","cut":"target,user_agent"}` + "\n"},
		{"squid", &Squid{}, get, "1767322645.684      5 192.0.2.7 TCP_MISS/200 5120 GET http://www.example/path?q=1 - HIER_DIRECT/2001:db8::1 text/html\n"},
		{"squid tunnel", &Squid{}, tunnel, "1767322706.678  61000 2001:db8::7 TCP_TUNNEL/200 3145728 CONNECT 198.51.100.1:80 - HIER_DIRECT/198.51.100.1 -\n"},
		{"squid escapes", &Squid{}, hit, "1767322645.684      5 192.0.2.7 TCP_HIT/200 5120 GET http://198.51.100.1:8080/a%20b%FF%3C... - HIER_NONE/- text/html\n"},
		{"syslog", syslog, get, `<134>1 2026-01-02T02:57:25.678901Z box.example limpid ` + pid + ` access [limpid@32473 flow="7" client="192.0.2.7:40000" server="[2001:db8::1\]:80" verdict="forward" request_bytes="310" response_bytes="5120" vlan="12" status="200" connect_us="1200" first_byte_us="3400" total_us="5600" method="GET" url="http://www.example/path?q=1" content_type="text/html; charset=utf-8" user_agent="Mozilla/5.0 (X11; Linux x86_64)"] forward 200`},
		{"syslog tunnel", syslog, tunnel, `<134>1 2026-01-02T02:57:25.678901Z box.example limpid ` + pid + ` access [limpid@32473 flow="8" client="[2001:db8::7\]:40001" server="198.51.100.1:80" verdict="tunnel" request_bytes="10" response_bytes="3145728" total_us="61000000" reason="server-first"] tunnel`},
		{"syslog escapes", syslog, hit, `<134>1 2026-01-02T02:57:25.678901Z box.example limpid ` + pid + ` access [limpid@32473 flow="7" client="192.0.2.7:40000" server="198.51.100.1:8080" verdict="hit" request_bytes="310" response_bytes="5120" status="200" first_byte_us="3400" total_us="5600" method="GET" url="http://198.51.100.1:8080/a%20b%FF%3C" content_type="text/html; charset=utf-8" user_agent="café \\u001B[31m\"\]\\ é\\u202E" cut="target,user_agent"] hit 200`},
		{"text", &Text{Zone: time.UTC}, get, "01-02 02:57:25.678  192.0.2.7        200     forward      5.60 ms    5.0 KiB  GET http://www.example/path?q=1\n"},
		{"text tunnel", &Text{Zone: time.UTC}, tunnel, "01-02 02:57:25.678  2001:db8::7      -       tunnel        61.0 s    3.0 MiB  198.51.100.1:80 (server-first)\n"},
		{"text colour", &Text{Zone: time.UTC, Colour: true}, hit, "\x1b[2m01-02 02:57:25.678\x1b[0m  192.0.2.7        \x1b[32m200\x1b[0m     \x1b[32mhit\x1b[0m          5.60 ms    5.0 KiB  GET http://198.51.100.1:8080/a%20b%FF%3C\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(c.format.Append(nil, &c.record)); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// A URL as it is meant, for each form of the request target.
func TestTargetForms(t *testing.T) {
	for _, c := range []struct{ clause, method, host, target, want string }{
		{"RFC 9112 3.2.1 origin-form", "GET", "a.example:8080", "/x?y", "http://a.example:8080/x?y"},
		{"RFC 9112 3.2.1 without Host", "GET", "", "/x", "http://[2001:db8::1]/x"},
		{"RFC 9112 3.2.2 absolute-form", "GET", "b.example", "http://a.example/x", "http://a.example/x"},
		{"RFC 9112 3.2.3 authority-form", "CONNECT", "a.example", "a.example:443", "a.example:443"},
		{"RFC 9112 3.2.4 asterisk-form", "OPTIONS", "a.example", "*", "http://a.example"},
		{"none", "", "", "", ""},
	} {
		r := exampleRecord()
		r.Method, r.Host, r.Target = []byte(c.method), []byte(c.host), []byte(c.target)
		if got := string(r.appendTarget(nil)); got != c.want {
			t.Errorf("%s: %q, want %q", c.clause, got, c.want)
		}
	}
}

func TestSquidKnowsEveryVerdict(t *testing.T) {
	want := []string{"TCP_MISS", "TCP_HIT", "TCP_MISS", "TCP_REFRESH_UNMODIFIED", "TCP_REFRESH_FAIL_OLD", "TCP_DENIED", "TCP_TUNNEL", "TCP_MISS_ABORTED"}
	for v := range verdictCount {
		if got := squidResult(&Record{Verdict: v}); got != want[v] {
			t.Errorf("%v: %s, want %s", v, got, want[v])
		}
	}
}

func TestFormatsAllocateNothing(t *testing.T) {
	r := exampleRecord()
	r.Reason = strings.Repeat("long-reason-", 5)
	json, squid, syslog := &JSON{}, &Squid{}, NewSyslog("box")
	buffer := make([]byte, 0, 4096)
	for name, f := range map[string]func(){
		"json":   func() { buffer = json.Append(buffer[:0], &r) },
		"squid":  func() { buffer = squid.Append(buffer[:0], &r) },
		"syslog": func() { buffer = syslog.Append(buffer[:0], &r) },
	} {
		f()
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations, want 0", name, n)
		}
	}
}

// fuzzed makes a record of whatever a fuzzer finds.
func fuzzed(method, host, target, agent, kind []byte, numbers []byte) Record {
	n := make([]byte, 64)
	copy(n, numbers)
	r := Record{
		Started: int64(le64(n)) & (1<<62 - 1), Flow: le64(n[8:]), VLAN: uint16(n[16]), Status: uint16(n[17]) * 4,
		Client: netip.AddrPortFrom(netip.AddrFrom4([4]byte(n[18:])), uint16(n[22])), Server: netip.AddrPortFrom(netip.AddrFrom16([16]byte(n[23:])), 80),
		Method: method, Host: host, Target: target, UserAgent: agent, ContentType: kind, Reason: string(agent),
		Verdict: Verdict(n[39] % byte(verdictCount)), RequestBytes: le64(n[40:]), ResponseBytes: le64(n[48:]),
		Connect: Unknown, FirstByte: int64(n[56]) << 20, Total: int64(le64(n[56:])) >> 16,
	}
	// As it comes to a format: packed, and so cut.
	var b [maxPacked]byte
	length := r.pack(b[:])
	var packed Record
	packed.unpack(b[:length:length])
	return packed
}

func le64(b []byte) (n uint64) {
	for i, c := range b[:8] {
		n |= uint64(c) << (8 * i)
	}
	return n
}

func seeds(f *testing.F) {
	f.Add([]byte("GET"), []byte("www.example"), []byte("/path?q=1"), []byte("curl/8"), []byte("text/html"), []byte("0123456789"))
	f.Add([]byte(""), []byte(""), []byte(""), []byte(""), []byte(""), []byte(""))
	f.Add([]byte("A B\n"), []byte("\x00\"\r\n"), []byte("/\x1b[2J\x9b2J\xc2\x9b \\]\"<>"), []byte("\"\\]\x7f\xe9\u202e\u2028\U0001f600\U000e0001"), []byte("a;b c"), bytes.Repeat([]byte{0xff}, 64))
	f.Add([]byte("CONNECT"), bytes.Repeat([]byte("]"), 300), bytes.Repeat([]byte("]"), 3000), bytes.Repeat([]byte("\xff"), 600), bytes.Repeat([]byte("\u202e"), 50), bytes.Repeat([]byte{0x7f}, 64))
	f.Add([]byte("GET"), []byte("a"), []byte("http://a/"+strings.Repeat("\xff", 3000)), bytes.Repeat([]byte("\U0001f600"), 200), []byte(" "), []byte{1})
}

// printable wants a line that no terminal obeys.
func printable(t *testing.T, line []byte) {
	t.Helper()
	if !utf8.Valid(line) {
		t.Fatalf("no UTF-8: %q", line)
	}
	for _, r := range string(line) {
		if !unicode.IsPrint(r) {
			t.Fatalf("holds %U: %q", r, line)
		}
	}
}

func oneLine(t *testing.T, line []byte) []byte {
	t.Helper()
	text, ok := bytes.CutSuffix(line, []byte("\n"))
	if !ok {
		t.Fatalf("does not end its line: %q", line)
	}
	printable(t, text)
	return text
}

func FuzzJSON(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, method, host, target, agent, kind, numbers []byte) {
		r := fuzzed(method, host, target, agent, kind, numbers)
		line := oneLine(t, new(JSON).Append(nil, &r))
		var got Entry
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&got); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		want := r.entry()
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v\nwant %+v\nfrom %s", got, want, line)
		}
		// The way of an entry through the control API changes nothing.
		back := got.Record()
		if again := oneLine(t, new(JSON).Append(nil, &back)); !bytes.Equal(again, line) {
			t.Fatalf("again %s\nfirst %s", again, line)
		}
	})
}

func FuzzSquid(f *testing.F) {
	seeds(f)
	shape := regexp.MustCompile(`^\d+\.\d{3} +\d+ [0-9a-f.:]+ [A-Z_]+/\d{3,} \d+ \S+ \S+ - HIER_(NONE/-|DIRECT/[0-9a-f.:]+) \S+$`)
	f.Fuzz(func(t *testing.T, method, host, target, agent, kind, numbers []byte) {
		r := fuzzed(method, host, target, agent, kind, numbers)
		line := oneLine(t, new(Squid).Append(nil, &r))
		if n := len(strings.Fields(string(line))); n != 10 || !shape.Match(line) {
			t.Fatalf("%d fields: %s", n, line)
		}
	})
}

func FuzzText(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, method, host, target, agent, kind, numbers []byte) {
		r := fuzzed(method, host, target, agent, kind, numbers)
		if r.Verdict == Tunnel {
			r.Verdict = verdictCount // what a name nobody knows becomes
		}
		oneLine(t, (&Text{Zone: time.UTC}).Append(nil, &r))
		// What colour adds are its own sequences and nothing else.
		coloured := string((&Text{Zone: time.UTC, Colour: true}).Append(nil, &r))
		bare := strings.NewReplacer(sgrFaint, "", sgrRed, "", sgrGreen, "", sgrYellow, "", sgrCyan, "", sgrOff, "").Replace(coloured)
		oneLine(t, []byte(bare))
	})
}

func FuzzSyslog(f *testing.F) {
	seeds(f)
	format := NewSyslog("box.example")
	f.Fuzz(func(t *testing.T, method, host, target, agent, kind, numbers []byte) {
		r := fuzzed(method, host, target, agent, kind, numbers)
		message := format.Append(nil, &r)
		printable(t, message)
		got, err := parse5424(message)
		if err != nil {
			t.Fatalf("%v: %s", err, message)
		}
		if len(message) > maxSyslog {
			t.Fatalf("%d bytes: %s", len(message), message)
		}
		want := r.entry()
		if got["flow"] != strconv.FormatUint(want.Flow, 10) || got["client"] != want.Client.String() || got["server"] != want.Server.String() || got["verdict"] != want.Verdict {
			t.Fatalf("got %v of %s", got, message)
		}
		if !strings.HasPrefix(want.URL, got["url"]) || got["url"] != want.URL && !strings.Contains(got["cut"], "target") {
			t.Fatalf("url %q of %q", got["url"], want.URL)
		}
	})
}

// The longest there can be: what a stranger can make long, and what limpid can.
func TestLongestSyslogMessage(t *testing.T) {
	r := Record{
		Started: 1<<63 - 1, Flow: 1<<64 - 1, VLAN: 4094, Status: 999, Verdict: Revalidated, RequestBytes: 1<<64 - 1, ResponseBytes: 1<<64 - 1,
		Connect: 1<<63 - 1, FirstByte: 1<<63 - 1, Total: 1<<63 - 1, Reason: strings.Repeat("]", MaxReason), cut: 63,
		Client: netip.MustParseAddrPort("[1111:1111:1111:1111:1111:1111:1111:1111]:65535"), Server: netip.MustParseAddrPort("[1111:1111:1111:1111:1111:1111:1111:1111]:65535"),
	}
	for _, p := range []*[]byte{&r.Method, &r.Host, &r.Target, &r.UserAgent, &r.ContentType} {
		*p = bytes.Repeat([]byte("]"), 2000)
	}
	message := NewSyslog(strings.Repeat("h", 300)).Append(nil, &r)
	if _, err := parse5424(message); err != nil || len(message) > maxSyslog {
		t.Errorf("%d bytes, %v", len(message), err)
	}
}

func BenchmarkFormat(b *testing.B) {
	r := exampleRecord()
	buffer := make([]byte, 0, 4096)
	json, squid, syslog := &JSON{}, &Squid{}, NewSyslog("box")
	b.Run("json", func(b *testing.B) {
		for b.Loop() {
			buffer = json.Append(buffer[:0], &r)
		}
	})
	b.Run("squid", func(b *testing.B) {
		for b.Loop() {
			buffer = squid.Append(buffer[:0], &r)
		}
	})
	b.Run("syslog", func(b *testing.B) {
		for b.Loop() {
			buffer = syslog.Append(buffer[:0], &r)
		}
	})
}

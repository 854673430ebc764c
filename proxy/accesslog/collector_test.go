package accesslog

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// collected is the flows of messages that have arrived.
type collected struct {
	t  testing.TB
	mu sync.Mutex
	n  map[string]int
}

// take reads a message by the grammar.
func (c *collected) take(message []byte) {
	params, err := parse5424(message)
	if err != nil || params["app"] != "limpid" || params["msgid"] != "access" || params["sd-id"] != "limpid@32473" {
		c.t.Errorf("%v: %q", err, message)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = make(map[string]int)
	}
	c.n[params["flow"]]++
}

// flows counts how many flows from first to last have arrived, and the messages.
func (c *collected) flows(first, last int) (distinct, messages int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := first; i <= last; i++ {
		if n := c.n[strconv.Itoa(i)]; n > 0 {
			distinct, messages = distinct+1, messages+n
		}
	}
	return distinct, messages
}

func TestDatagramsToACollector(t *testing.T) {
	collector, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer collector.Close()
	got := &collected{t: t}
	go func() {
		buffer := make([]byte, 64<<10)
		for {
			n, _, err := collector.ReadFrom(buffer)
			if err != nil {
				return
			}
			got.take(buffer[:n])
		}
	}()
	r := start(t, Settings{Syslog: "udp://" + collector.LocalAddr().String()}, nil)
	// In small parts: UDP has no other way to be told to wait.
	for i := range 10 {
		r.record(10)
		eventually(t, "messages arrive", func() bool { n, _ := got.flows(1, 10*(i+1)); return n == 10*(i+1) })
	}
	// A collector that is gone is noticed, and costs the log nothing else.
	_ = collector.Close()
	eventually(t, "it is missed", func() bool { r.record(1); return len(r.Problems()) == 1 })
	if page, err := r.Query(Query{Limit: 1}); err != nil || len(page.Records) != 1 {
		t.Errorf("%+v, %v", page, err)
	}
}

// listenTCP is a collector with octet counting (RFC 6587, 3.4.1). stop ends its
// connections too.
func listenTCP(t *testing.T, address string, got *collected) (where string, stop func()) {
	t.Helper()
	var listener net.Listener
	eventually(t, "the port is free", func() (ok bool) {
		var err error
		listener, err = new(net.ListenConfig).Listen(t.Context(), "tcp", address)
		return err == nil
	})
	var mu sync.Mutex
	var conns []net.Conn
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			wg.Go(func() { readCounted(t, conn, got) })
		}
	})
	return listener.Addr().String(), func() {
		_ = listener.Close()
		mu.Lock()
		for _, c := range conns {
			_ = c.Close()
		}
		mu.Unlock()
		wg.Wait()
	}
}

func readCounted(t *testing.T, conn net.Conn, got *collected) {
	reader := bufio.NewReader(conn)
	for {
		count, err := reader.ReadString(' ')
		if err != nil {
			return // a part of a message is no message
		}
		n, err := strconv.Atoi(strings.TrimSuffix(count, " "))
		if err != nil || count[0] == '0' {
			t.Errorf("count %q: %v", count, err)
			return
		}
		message := make([]byte, n)
		if _, err := io.ReadFull(reader, message); err != nil {
			return
		}
		got.take(message)
	}
}

func TestStreamToACollectorThatRestarts(t *testing.T) {
	got := &collected{t: t}
	address, stop := listenTCP(t, "127.0.0.1:0", got)
	r := start(t, Settings{Syslog: "tcp://" + address}, nil)
	r.record(2000)
	eventually(t, "all arrive", func() bool { n, _ := got.flows(1, 2000); return n == 2000 })
	stop()
	r.record(1000)
	eventually(t, "it is missed", func() bool { return len(r.Problems()) == 1 })
	r.record(1000)
	_, stop = listenTCP(t, address, got)
	defer stop()
	// Nothing was on its way when it went, so nothing is lost, nor sent twice.
	eventually(t, "what waited arrives", func() bool { n, _ := got.flows(2001, 4000); return n == 2000 })
	if _, messages := got.flows(1, 4000); messages != 4000 {
		t.Errorf("%d messages of 4000 records", messages)
	}
	if c := r.Counts(); c.SyslogDropped != 0 || r.book.count("output fails") != 1 {
		t.Errorf("%+v, %d warnings", c, r.book.count("output fails"))
	}
	r.record(500)
	r.stop()
	eventually(t, "the last arrive", func() bool { n, _ := got.flows(4001, 4500); return n == 500 })
}

// A collector that reads slowly and then not at all: parts of messages are out
// when the connection is given up.
func TestStreamToACollectorThatStopsReading(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	r := start(t, Settings{Syslog: "tcp://" + listener.Addr().String()}, nil)
	r.record(1)
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(4096)
	}
	for range 200 {
		r.record(200)
		r.settle()
	}
	c := r.Counts()
	if c.Dropped != 0 || c.SyslogDropped == 0 || c.Taken != r.given {
		t.Fatalf("%+v: want drops for syslog only", c)
	}
	first := &collected{t: t}
	_ = conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	readCounted(t, conn, first)
	_ = conn.Close() // with unread data: a reset
	second := &collected{t: t}
	next, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer next.Close()
	go readCounted(t, next, second)
	// After all that waited has been sent, new records pass again.
	eventually(t, "the queue is empty", func() bool { return len(r.queues[0].chunks) == 0 })
	r.record(1)
	eventually(t, "the newest arrives", func() bool { n, _ := second.flows(int(r.given), int(r.given)); return n == 1 })
}

func TestWritePartlySentIsResumedAtAMessage(t *testing.T) {
	s := &stream{}
	frames := []byte("3 abc10 0123456789")
	if n := s.count(frames); n != 2 {
		t.Errorf("%d messages, want 2", n)
	}
	for _, c := range []struct {
		sent int
		rest string
	}{{0, "3 abc10 0123456789"}, {4, "3 abc10 0123456789"}, {5, "10 0123456789"}, {17, "10 0123456789"}, {18, ""}} {
		if got := string(frames[wholeFrames(frames, c.sent):]); got != c.rest {
			t.Errorf("after %d bytes %q is left, want %q", c.sent, got, c.rest)
		}
	}
}

// The real thing: rsyslogd reads both transports and takes the structured data apart.
func TestRsyslogUnderstands(t *testing.T) {
	path, err := exec.LookPath("rsyslogd")
	if err != nil {
		t.Fatalf("%v: rsyslogd is in Debian's rsyslog, see .ci/deps", err)
	}
	dir := t.TempDir()
	ports := [2]int{freePort(t, "tcp"), freePort(t, "udp")}
	out := filepath.Join(dir, "out")
	config := fmt.Sprintf(`global(workDirectory="%[1]s" maxMessageSize="8k" parser.escapeControlCharactersOnReceive="on")
module(load="imtcp") module(load="imudp")
module(load="mmpstrucdata")
template(name="fields" type="string" string="%%protocol-version%%|%%hostname%%|%%app-name%%|%%msgid%%|%%syslogfacility-text%%.%%syslogseverity-text%%|%%msg%%|%%$!rfc5424-sd%%\n")
ruleset(name="all") { action(type="mmpstrucdata") action(type="omfile" file="%[2]s" template="fields") }
input(type="imtcp" port="%[3]d" address="127.0.0.1" ruleset="all")
input(type="imudp" port="%[4]d" address="127.0.0.1" ruleset="all")
`, dir, out, ports[0], ports[1])
	if err := os.WriteFile(filepath.Join(dir, "conf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	daemon := exec.CommandContext(context.WithoutCancel(t.Context()), path, "-n", "-f", filepath.Join(dir, "conf"), "-i", filepath.Join(dir, "pid"))
	daemon.Stdout, daemon.Stderr = &said, &said
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = daemon.Process.Kill()
		_ = daemon.Wait()
		if t.Failed() {
			t.Logf("rsyslogd: %s", &said)
		}
	})
	eventually(t, "rsyslogd listens", func() bool {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", "127.0.0.1:"+strconv.Itoa(ports[0]))
		if err != nil {
			return false
		}
		_ = conn.Close()
		return true
	})
	odd := exampleRecord()
	odd.Target, odd.UserAgent = []byte("/a]b\"c\\d e"), []byte("quote \" bracket ] backslash \\ caf\xe9 \x1b[31m")
	tunnel := exampleTunnel()
	for i, settings := range []Settings{
		{Syslog: fmt.Sprintf("tcp://127.0.0.1:%d", ports[0]), Host: "box.example"},
		{Syslog: fmt.Sprintf("udp://127.0.0.1:%d", ports[1]), Host: "box.example"},
	} {
		r := start(t, settings, nil)
		for _, record := range []Record{exampleRecord(), odd, tunnel} {
			r.recorder.Record(&record)
		}
		r.stop()
		var lines []string
		eventually(t, "rsyslogd has written", func() bool {
			text, err := os.ReadFile(out)
			lines = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
			return err == nil && len(lines) == 3*(i+1)
		})
		for k, want := range []Entry{new(exampleRecord()).entry(), odd.entry(), tunnel.entry()} {
			fields := strings.SplitN(lines[3*i+k], "|", 7)
			message := want.Verdict
			if want.Status != 0 {
				message += " " + strconv.Itoa(int(want.Status))
			}
			if got := strings.Join(fields[:6], "|"); got != "1|box.example|limpid|access|local0.info|"+message {
				t.Errorf("rsyslogd read %s", got)
			}
			var data map[string]map[string]string
			if err := json.Unmarshal([]byte(fields[6]), &data); err != nil {
				t.Fatalf("%v: %s", err, fields[6])
			}
			params := data["limpid@32473"]
			if params["client"] != want.Client.String() || params["server"] != want.Server.String() || params["url"] != want.URL ||
				params["reason"] != want.Reason || params["flow"] != strconv.FormatUint(want.Flow, 10) || params["verdict"] != want.Verdict {
				t.Errorf("rsyslogd read %v, want %+v", params, want)
			}
		}
	}
}

func freePort(t *testing.T, network string) int {
	t.Helper()
	if network == "udp" {
		conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return portOf(t, conn.LocalAddr())
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return portOf(t, listener.Addr())
}

func portOf(t *testing.T, address net.Addr) int {
	t.Helper()
	_, text, err := net.SplitHostPort(address.String())
	port, err2 := strconv.Atoi(text)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	return port
}

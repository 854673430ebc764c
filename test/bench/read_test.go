package main

import (
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseWrk(t *testing.T) {
	const out = "Running 1s test\n  2 requests in 1.00s\n\nresult {\"duration_us\":1000500,\"requests\":2000,\"bytes\":2556000," +
		"\"connect\":1,\"read\":2,\"write\":3,\"status\":4,\"timeout\":5,\"p99_us\":9100}\n"
	got, err := parseWrk(out)
	want := work{requests: 2000, bytes: 2556000, failed: 15, elapsed: 1000500 * time.Microsecond, p99: 9100 * time.Microsecond}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, bad := range []string{"", "Running 1s test\n", "\nresult {", strings.Replace(out, "2000,", "0,", 1)} {
		if _, err := parseWrk(bad); err == nil {
			t.Errorf("no error for %q", bad)
		}
	}
}

func TestParseTCPCount(t *testing.T) {
	const snmp = "Ip: Forwarding\nIp: 2\nTcp: RtoAlgorithm MaxConn ActiveOpens PassiveOpens\nTcp: 1 -1 23 42\nUdp: InDatagrams\nUdp: 7\n"
	got, err := parseTCPCount(snmp)
	if want := (tcpCount{active: 23, passive: 42}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, bad := range []string{"", "Tcp: ActiveOpens\n", "Tcp: ActiveOpens PassiveOpens\nTcp: 1 many\n", "Tcp: ActiveOpens\nTcp: 1\n"} {
		if got, err := parseTCPCount(bad); err == nil {
			t.Errorf("%q gave %+v, want an error", bad, got)
		}
	}
}

func TestParsePss(t *testing.T) {
	const rollup = "00400000-7ffd r--p 00000000 00:00 0 [rollup]\nRss:   900 kB\nPss:            1234 kB\nPss_Dirty:  8 kB\n"
	if got, err := parsePss(rollup); err != nil || got != 1234<<10 {
		t.Errorf("got %d, %v, want %d", got, err, 1234<<10)
	}
	if _, err := parsePss("Rss: 9 kB\n"); err == nil {
		t.Error("no error without Pss")
	}
}

func TestParentOf(t *testing.T) {
	for _, c := range []struct {
		stat string
		pid  int
		ok   bool
	}{
		{"12 (squid) S 7 12 12 0", 7, true},
		{"12 (a) S 99 (b) R 8 12", 8, true},
		{"12 (squid) Z 7 12 12 0", 0, false},
		{"12 (squid)", 0, false},
	} {
		if pid, ok := parentOf(c.stat); pid != c.pid || ok != c.ok {
			t.Errorf("%q: got %d, %v, want %d, %v", c.stat, pid, ok, c.pid, c.ok)
		}
	}
}

func TestReadHead(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
	early, err := readHead(strings.NewReader(head+"1234"), 10)
	if err != nil || early != 4 {
		t.Errorf("got %d, %v, want 4 bytes of body", early, err)
	}
	for _, bad := range []string{
		"", "HTTP/1.1 200 OK\r\n", strings.Replace(head, "200", "502", 1), strings.Replace(head, "10", "11", 1),
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 5000) + "\r\n\r\n",
	} {
		if _, err := readHead(strings.NewReader(bad), 10); err == nil {
			t.Errorf("no error for %.60q", bad)
		}
	}
}

// A child's work counts, by its own clock, also when its parent does none.
func TestUsageCountsDescendants(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "sh -c 'while :; do :; done'; true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var parts map[int]string
	defer func() {
		for pid := range parts {
			if p, err := os.FindProcess(pid); err == nil {
				_ = p.Kill()
			}
		}
		_ = cmd.Wait()
	}()
	for deadline := time.Now().Add(10 * time.Second); len(parts) < 2; time.Sleep(10 * time.Millisecond) {
		var err error
		if parts, err = descendants(cmd.Process.Pid); err != nil || time.Now().After(deadline) {
			t.Fatalf("found %v, %v, want a child and its child", parts, err)
		}
	}
	before, err := readUsage(parts)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		after, err := readUsage(parts)
		if err != nil {
			t.Fatal(err)
		}
		spent, err := after.since(before)
		if err != nil {
			t.Fatal(err)
		}
		if spent[partProxy] > 20*time.Millisecond {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("a busy child used %v", spent)
		}
	}
	fewer := map[int]string{cmd.Process.Pid: partProxy}
	after, err := readUsage(fewer)
	if err != nil {
		t.Fatal(err)
	}
	if spent, err := after.since(before); err == nil {
		t.Errorf("other processes than before gave %v, want an error", spent)
	}
}

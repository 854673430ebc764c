package wire

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// logLine is what these tests want of a record.
type logLine struct {
	Client        string `json:"client"`
	Server        string `json:"server"`
	Method        string `json:"method"`
	URL           string `json:"url"`
	Status        int    `json:"status"`
	Verdict       string `json:"verdict"`
	Reason        string `json:"reason"`
	RequestBytes  int    `json:"request_bytes"`
	ResponseBytes int    `json:"response_bytes"`
	Total         *int   `json:"total_us"`
}

func readLog(t *testing.T, lines io.Reader) (all []logLine) {
	t.Helper()
	scanner := bufio.NewScanner(lines)
	for scanner.Scan() {
		var line logLine
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Fatalf("%v: %s", err, scanner.Bytes())
		}
		all = append(all, line)
	}
	must(t, scanner.Err())
	return all
}

// logConfig keeps log files below dir, which the proxy's user can reach.
func logConfig(t *testing.T, more string) (config, dir string) {
	t.Helper()
	parent, err := os.MkdirTemp("/tmp", "limpid-log-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(parent) })
	must(t, os.Chmod(parent, 0o755))
	dir = filepath.Join(parent, "log")
	return basic + fmt.Sprintf("[log]\npath = %q\n%s", dir, more), dir
}

// syncBuffer is written by a command while a test reads it.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// TestLogFollowsTraffic looks at the same transactions in `limpid log`, in one
// that follows them, and in the file; also after the proxy was killed.
func TestLogFollowsTraffic(t *testing.T) {
	config, dir := logConfig(t, "")
	l, p := inline(t, config)
	origin(t, l.S1)
	server := "10.77.0.101:80"

	var followed syncBuffer
	ctx, cancel := context.WithCancel(t.Context())
	follow := l.Box.Command(ctx, p.Path, "log", "-f", "--json", "--run", p.RunDir)
	follow.Stdout, follow.Stderr = &followed, &followed
	must(t, follow.Start())
	t.Cleanup(func() { cancel(); _ = follow.Wait() })

	conn := dial(t, l.C1, server)
	client := conn.LocalAddr().String()
	for _, size := range []int{10, 1000, 100_000} {
		get(t, conn, size)
	}
	must(t, fetchAbsent(conn))
	must(t, conn.Close())

	want := []string{"/bytes/10", "/bytes/1000", "/bytes/100000", "/absent"}
	eventually(t, "limpid log -f shows the requests", func() bool { return strings.Count(followed.String(), "\n") == len(want) })
	for i, line := range readLog(t, strings.NewReader(followed.String())) {
		status, least := 200, []int{10, 1000, 100_000, 0}[i]
		if i == 3 {
			status = 404
		}
		if line.Client != client || line.Server != server || line.Method != "GET" || line.URL != "http://origin"+want[i] || line.Status != status ||
			line.Verdict != "forward" || line.RequestBytes < 30 || line.ResponseBytes <= least || line.ResponseBytes > least+1000 || line.Total == nil {
			t.Errorf("record %d is %+v, want %s of %s with %d", i, line, want[i], client, status)
		}
	}
	out, err := p.Run(t.Context(), "log", "--json", "--status", "4xx")
	must(t, err)
	if found := readLog(t, bytes.NewReader(out)); len(found) != 1 || found[0].URL != "http://origin/absent" {
		t.Errorf("records with 4xx: %+v", found)
	}
	text, err := p.Run(t.Context(), "log")
	must(t, err)
	if n := bytes.Count(text, []byte("http://origin/")); n != 4 || bytes.Contains(text, []byte("\x1b")) {
		t.Errorf("limpid log:\n%s", text)
	}
	// What is no HTTP is one record, with the reason.
	tunnel := dial(t, l.C1, server)
	_, err = tunnel.Write([]byte("\x16\x03\x01\x00\x05hello"))
	must(t, err)
	must(t, tunnel.CloseWrite())
	_, err = io.Copy(io.Discard, tunnel)
	must(t, err)
	eventually(t, "limpid log -f shows the tunnel", func() bool { return strings.Contains(followed.String(), `"verdict":"tunnel"`) })

	// The log goes on with the next proxy, in the same file and in the same -f.
	pid, err := p.ChildPID(t.Context(), "proxy")
	must(t, err)
	eventually(t, "the file has all", func() bool { return len(fileLog(t, dir)) == 5 })
	must(t, syscall.Kill(pid, syscall.SIGKILL))
	eventually(t, "there is a new proxy", func() bool {
		next, err := p.ChildPID(t.Context(), "proxy")
		return err == nil && next != pid
	})
	must(t, p.WaitMode("inline", startTime))
	again := dial(t, l.C1, server)
	get(t, again, 77)
	must(t, again.Close())
	eventually(t, "limpid log -f goes on", func() bool { return strings.Contains(followed.String(), "/bytes/77") })
	eventually(t, "the file goes on", func() bool { return len(fileLog(t, dir)) == 6 })
	if strings.Contains(followed.String(), "\x1b") {
		t.Errorf("colours without a terminal: %q", followed.String())
	}
}

func fetchAbsent(conn io.ReadWriter) error {
	if _, err := io.WriteString(conn, "GET /absent HTTP/1.1\r\nHost: origin\r\nConnection: close\r\n\r\n"); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, conn)
	return err
}

func fileLog(t *testing.T, dir string) []logLine {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, "access.jsonl"))
	if os.IsNotExist(err) {
		return nil
	}
	must(t, err)
	defer file.Close()
	return readLog(t, file)
}

// TestLogIsWholeAfterTheEnd ends limpid under load, right after the last
// response: each request that was answered is in the files.
func TestLogIsWholeAfterTheEnd(t *testing.T) {
	config, dir := logConfig(t, "fsync = \"1s\"\n")
	l, p := inline(t, config)
	origin(t, l.S1)
	server := "10.77.0.101:80"
	const clients, each = 8, 250
	var wg sync.WaitGroup
	for c := range clients {
		conn := dial(t, l.C1, server)
		wg.Go(func() {
			for i := range each {
				if err := fetch(conn, fmt.Sprintf("/bytes/%d?n=%d.%d", 100, c, i), 100); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	must(t, p.Stop())
	seen := make(map[string]int)
	for _, line := range fileLog(t, dir) {
		if line.Status == 200 {
			seen[line.URL]++
		}
	}
	if len(seen) != clients*each {
		t.Errorf("%d different requests are logged, want %d", len(seen), clients*each)
	}
	for url, n := range seen {
		if n != 1 {
			t.Errorf("%s is logged %d times", url, n)
		}
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// wrk asks for the small file again and again on clientConnections
// connections.
func (s site) wrk(ctx context.Context, d time.Duration, w way) (work, error) {
	dir := s.origin.dir
	if err := install(dir, nil, "wrk.lua"); err != nil {
		return work{}, err
	}
	// One thread is enough: wrk costs a fraction of any proxy, and a second one
	// would take the core that the proxy needs.
	cmd := s.lab.C1.Command(ctx, "wrk",
		"--threads", "1", "--connections", strconv.Itoa(clientConnections), "--duration", strconv.Itoa(int(d/time.Second))+"s",
		"--timeout", "10s", "--script", filepath.Join(dir, "wrk.lua"), "http://"+addressOrigin+":"+w.port()+"/small")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return work{}, fmt.Errorf("run wrk: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return parseWrk(string(out))
}

// parseWrk reads the line that wrk.lua adds.
func parseWrk(out string) (work, error) {
	_, line, found := strings.Cut(out, "\nresult ")
	if !found {
		return work{}, fmt.Errorf("read wrk's result: none in %q", out)
	}
	// The names of wrk.lua; encoding/json takes them in any case.
	var r struct {
		Duration int64 `json:"duration_us"`
		Requests int64
		Bytes    int64
		Connect  int64
		Read     int64
		Write    int64
		Status   int64
		Timeout  int64
		P99      int64 `json:"p99_us"`
	}
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		return work{}, fmt.Errorf("read wrk's result: %w in %q", err, line)
	}
	if r.Requests == 0 || r.Duration == 0 {
		return work{}, fmt.Errorf("run wrk: no request was answered: %s", strings.TrimSpace(line))
	}
	// A timeout is a request that took longer than 10 s, a status one that was
	// answered with 400 or above: an error page counts as a failure, not as work.
	return work{
		requests: r.Requests, bytes: r.Bytes, failed: r.Connect + r.Read + r.Write + r.Status + r.Timeout,
		elapsed: time.Duration(r.Duration) * time.Microsecond, p99: time.Duration(r.P99) * time.Microsecond,
	}, nil
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"limpid/test/lab"
)

// origin is nginx in s1, which the loads ask, and a server in s2, behind r1,
// that writes down whom it accepted.
type origin struct {
	dir     string
	nginx   *daemon
	witness *lab.Origin
}

// startOrigin returns when nginx answers. Both servers are ended by close, or
// by the lab.
func startOrigin(ctx context.Context, l *lab.Lab, files *bodies) (*origin, error) {
	dir, err := os.MkdirTemp(l.Dir(), "origin-")
	if err != nil {
		return nil, fmt.Errorf("start origin: %w", err)
	}
	o := &origin{dir: dir}
	// nginx's own address map finds strangers, at the cost of one comparison for
	// each request and none for the kernel.
	values := map[string]any{
		"Dir": dir, "Client": l.C1.IP4(), "Captured": captured.port(), "Bridged": past.port(),
		"Small": path(files.small), "Large": path(files.large),
	}
	if err := install(dir, values, "nginx.conf"); err != nil {
		return nil, err
	}
	o.nginx, err = launch(ctx, l.S1, dir, "nginx", "-p", dir, "-e", filepath.Join(dir, "error.log"), "-c", filepath.Join(dir, "nginx.conf"))
	if err != nil {
		return nil, err
	}
	if o.witness, err = l.S2.HTTPOrigin(":80"); err != nil {
		return nil, err
	}
	return o, o.wait(ctx, l)
}

// wait asks nginx from its own node until it answers.
func (o *origin) wait(ctx context.Context, l *lab.Lab) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		// No request: one from here would be a stranger's.
		conn, err := l.S1.Dial(ctx, "tcp", "", "127.0.0.1:"+past.port())
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("wait for nginx: %w: %s", err, o.complaints()), o.nginx.alive())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// strangers is an error if nginx has seen a request from an address that is
// not the client's.
func (o *origin) strangers() error {
	text, err := os.ReadFile(filepath.Join(o.dir, "foreign.log"))
	if err != nil {
		return fmt.Errorf("read the origin's log: %w", err)
	}
	if n := bytes.Count(text, []byte("\n")); n > 0 {
		return fmt.Errorf("the server saw %d requests from other addresses than the client's, first %q", n, firstLine(text))
	}
	return nil
}

// complaints is nginx's error log.
func (o *origin) complaints() string {
	text, err := os.ReadFile(filepath.Join(o.dir, "error.log"))
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text))
}

// close ends both servers and tells of strangers.
func (o *origin) close() error {
	return errors.Join(o.nginx.alive(), o.nginx.stop(), o.strangers(), o.witness.Close())
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"limpid/test/lab"
)

// Sizes of files that every origin has, in bytes. Their content is
// lab.Content, so that a client's copy can be checked byte for byte.
const (
	bigSize  = 8 << 20
	loadSize = 2000
)

// loadPath is the file for load; lab.Get reads the size from its name.
const loadPath = "/bytes/2000"

// origin is an nginx on a host of the lab.
type origin struct {
	node *lab.Node
	dir  string // configuration, logs and whatever nginx writes
	root string // the files it serves

	cmd  *lab.Cmd
	done chan struct{} // closed when nginx has ended
	exit error         // how; read after done
}

// startOrigin returns when nginx accepts connections.
func startOrigin(ctx context.Context, n *lab.Node, dir string) (*origin, error) {
	o := &origin{node: n, dir: dir, root: filepath.Join(dir, "www"), done: make(chan struct{})}
	if err := o.writeFiles(); err != nil {
		return nil, fmt.Errorf("prepare nginx in %s: %w", n.Name, err)
	}
	// -e: else it would open the error log of the machine's own nginx first.
	o.cmd = n.Command(context.Background(), "nginx", "-e", o.path("error.log"), "-p", dir, "-c", o.path("nginx.conf"))
	if err := o.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		o.exit = o.cmd.Wait()
		close(o.done)
	}()
	return o, o.waitReady(ctx)
}

// path is that of a file of nginx's own.
func (o *origin) path(name string) string { return filepath.Join(o.dir, name) }

// writeFiles makes the directory with everything but the repository.
func (o *origin) writeFiles() error {
	if err := os.MkdirAll(filepath.Join(o.root, "bytes"), 0o755); err != nil {
		return err
	}
	config, err := nginxConfig(o.dir, o.root)
	if err != nil {
		return err
	}
	big, err := io.ReadAll(lab.Content(bigSize).Reader())
	if err != nil {
		return err
	}
	small, err := io.ReadAll(lab.Content(loadSize).Reader())
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(o.path("nginx.conf"), []byte(config), 0o644),
		os.WriteFile(filepath.Join(o.root, "hello"), []byte("Hello from "+o.node.Name+".\n"), 0o644),
		os.WriteFile(filepath.Join(o.root, "big"), big, 0o644),
		os.WriteFile(filepath.Join(o.root, filepath.FromSlash(loadPath)), small, 0o644),
	)
}

// nginxConfig keeps everything that nginx writes inside dir.
func nginxConfig(dir, root string) (string, error) {
	// Started as root, nginx insists on another user for the worker.
	// The group of nobody is not called alike everywhere.
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return "", fmt.Errorf("find a user for nginx: %w", err)
	}
	group, err := user.LookupGroupId(nobody.Gid)
	if err != nil {
		return "", fmt.Errorf("find a group for nginx: %w", err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "daemon off;\nworker_processes 1;\nuser nobody %s;\npid %s;\n", group.Name, filepath.Join(dir, "nginx.pid"))
	b.WriteString("events { worker_connections 4096; }\nhttp {\n")
	// Their usual places belong to the machine's own nginx.
	for _, name := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&b, "  %s_temp_path %s;\n", name, filepath.Join(dir, name))
	}
	// The client's port is the point: a proxy seldom keeps that.
	b.WriteString("  log_format ends '$remote_addr:$remote_port > $server_addr:$server_port \"$request\" $status $http_user_agent';\n")
	fmt.Fprintf(&b, "  access_log %s ends;\n", filepath.Join(dir, "access.log"))
	fmt.Fprintf(&b, "  default_type text/plain;\n  sendfile on;\n  server {\n    listen 80;\n    listen [::]:80;\n    root %s;\n  }\n}\n", root)
	return b.String(), nil
}

// waitReady connects until nginx answers, on the host itself: no frame of it
// crosses the wire, and a connection without a request is not logged.
func (o *origin) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		conn, err := o.node.Dial(ctx, "tcp", "", "127.0.0.1:80")
		if err == nil {
			return conn.Close()
		}
		select {
		case <-o.done:
			said, _ := os.ReadFile(o.path("error.log")) // best effort: why it ended
			return fmt.Errorf("start nginx in %s: it ended: %w: %s", o.node.Name, o.exit, strings.TrimSpace(string(said)))
		case <-ctx.Done():
			return fmt.Errorf("wait for nginx in %s: %w: %w", o.node.Name, context.Cause(ctx), err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// logged waits for the access log's line about a connection from that address
// and port: nginx writes it after the client has its answer.
func (o *origin) logged(ctx context.Context, client netip.AddrPort) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		lines, err := o.accessLog()
		if err != nil {
			return "", err
		}
		for _, line := range lines {
			if strings.HasPrefix(line, client.String()+" ") {
				return line, nil
			}
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("find %s in the access log of %s: not there; its last lines: %s",
				client, o.node.Name, strconv.Quote(strings.Join(lines[max(0, len(lines)-3):], "\n")))
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// accessLog returns every line written so far.
func (o *origin) accessLog() ([]string, error) {
	text, err := os.ReadFile(o.path("access.log"))
	if err != nil {
		return nil, fmt.Errorf("read access log of %s: %w", o.node.Name, err)
	}
	return strings.Split(strings.TrimRight(string(text), "\n"), "\n"), nil
}

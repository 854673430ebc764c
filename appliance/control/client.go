package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// timeout bounds one question, in case the supervisor is stopped.
const timeout = 10 * time.Second

// Client asks a running supervisor.
type Client struct {
	path string
	http *http.Client
}

// NewClient makes a client of the socket in a run directory. It connects with
// the first question.
func NewClient(dir string) *Client {
	path := filepath.Join(dir, SocketName)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	return &Client{path: path, http: &http.Client{Timeout: timeout, Transport: &http.Transport{DialContext: dial}}}
}

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Status asks for the state of everything.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var s Status
	return s, c.ask(ctx, http.MethodGet, "/v1/status", nil, &s)
}

// SetBypass orders new connections to be bridged, for d or, when d is 0, until
// it is taken back with on=false.
func (c *Client) SetBypass(ctx context.Context, on bool, d time.Duration) (Status, error) {
	var s Status
	return s, c.ask(ctx, http.MethodPost, "/v1/bypass", BypassRequest{On: on, For: Duration(d)}, &s)
}

// Flows lists at most limit connections being carried.
func (c *Client) Flows(ctx context.Context, limit int) (FlowList, error) {
	var l FlowList
	return l, c.ask(ctx, http.MethodGet, "/v1/flows?limit="+strconv.Itoa(limit), nil, &l)
}

// ResetFlow resets both connections of a flow that the proxy holds.
func (c *Client) ResetFlow(ctx context.Context, id uint64) error {
	return c.ask(ctx, http.MethodPost, "/v1/flows/"+strconv.FormatUint(id, 10)+"/reset", nil, &struct{}{})
}

// Rules asks what is installed in the kernel.
func (c *Client) Rules(ctx context.Context) (RuleList, error) {
	var l RuleList
	return l, c.ask(ctx, http.MethodGet, "/v1/rules", nil, &l)
}

func (c *Client) ask(ctx context.Context, method, path string, body, result any) error {
	var content bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&content).Encode(body); err != nil {
			return fmt.Errorf("encode question: %w", err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://limpid"+path, &content)
	if err != nil {
		return fmt.Errorf("ask %s: %w", path, err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return c.explain(err)
	}
	defer response.Body.Close()
	decoder := json.NewDecoder(response.Body)
	if response.StatusCode != http.StatusOK {
		var p problem
		if err := decoder.Decode(&p); err != nil || p.Error == "" {
			return fmt.Errorf("ask %s: %s", path, response.Status)
		}
		return errors.New(p.Error)
	}
	if err := decoder.Decode(result); err != nil {
		return fmt.Errorf("read answer of %s: %w", path, err)
	}
	return nil
}

// explain says what the usual ways not to reach a supervisor mean.
func (c *Client) explain(err error) error {
	switch {
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("connect to %s: no limpid runs there: start limpid supervise, or name its directory with --run", c.path)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("connect to %s: permission denied: run as root", c.path)
	}
	return fmt.Errorf("ask %s: %w", c.path, err)
}

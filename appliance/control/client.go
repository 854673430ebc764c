package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// Log asks for records of the access log.
func (c *Client) Log(ctx context.Context, query LogQuery) (LogPage, error) {
	var p LogPage
	return p, c.ask(ctx, http.MethodGet, "/v1/log?"+query.values().Encode(), nil, &p)
}

// Rules asks what is installed in the kernel.
func (c *Client) Rules(ctx context.Context) (RuleList, error) {
	var l RuleList
	return l, c.ask(ctx, http.MethodGet, "/v1/rules", nil, &l)
}

// Metrics writes what GET /v1/metrics answers, once it is complete.
func (c *Client) Metrics(ctx context.Context, w io.Writer) error {
	const path = "/v1/metrics"
	body, err := c.exchange(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	if _, err := w.Write(body); err != nil {
		return fmt.Errorf("write metrics: %w", err)
	}
	return nil
}

// ask exchanges JSON.
func (c *Client) ask(ctx context.Context, method, path string, question, result any) error {
	answer, err := c.exchange(ctx, method, path, question)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer, result); err != nil {
		return fmt.Errorf("read answer of %s: %w", path, err)
	}
	return nil
}

// exchange asks a question, nil for none, and returns the answer if it is one.
func (c *Client) exchange(ctx context.Context, method, path string, question any) ([]byte, error) {
	var content bytes.Buffer
	if question != nil {
		if err := json.NewEncoder(&content).Encode(question); err != nil {
			return nil, fmt.Errorf("encode question: %w", err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://limpid"+path, &content)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", path, err)
	}
	return c.send(c.http, request, path)
}

// send sends a request and returns the answer if it is one.
func (c *Client) send(client *http.Client, request *http.Request, path string) ([]byte, error) {
	response, err := client.Do(request)
	if err != nil {
		return nil, c.explain(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read answer of %s: %w", path, err)
	}
	if response.StatusCode != http.StatusOK {
		var p problem
		if err := json.Unmarshal(answer, &p); err != nil || p.Error == "" {
			return nil, fmt.Errorf("ask %s: %s", path, response.Status)
		}
		err := errors.New(p.Error)
		if response.StatusCode == http.StatusBadRequest {
			err = Refuse(err)
		}
		return nil, err
	}
	return answer, nil
}

// explain says what the usual ways not to reach a supervisor mean.
func (c *Client) explain(err error) error {
	switch {
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("connect to %s: no limpid runs there: start limpid supervise, or name its directory with --run", c.path)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("connect to %s: %w: run as root", c.path, syscall.EACCES)
	}
	return fmt.Errorf("ask %s: %w", c.path, err)
}

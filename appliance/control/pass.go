package control

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// Call is a call of the API that is passed on as it came.
type Call struct {
	Method string
	Path   string // with the query, escaped
	Body   io.Reader
	Length int64 // of the body, bytes
	// Patient is for uploads: the call takes as long as its context lets it.
	Patient bool
}

// Pass makes a call and gives the answer, whatever its status; the caller closes its body.
func (c *Client) Pass(ctx context.Context, call Call) (*http.Response, error) {
	body := call.Body
	if call.Length == 0 {
		body = http.NoBody // or its end would be looked for
	}
	request, err := http.NewRequestWithContext(ctx, call.Method, "http://limpid"+call.Path, body)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", call.Path, err)
	}
	request.ContentLength = call.Length
	client := &http.Client{
		Transport: c.http.Transport, Timeout: timeout,
		// What was asked is answered, and nothing else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if call.Patient {
		client.Timeout = 0
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, c.explain(err)
	}
	return response, nil
}

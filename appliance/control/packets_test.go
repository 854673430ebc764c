package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// capturer is a backend that records.
type capturer struct {
	fake
	asked CaptureRequest
	did   []uint64
	file  io.ReadCloser
	err   error
}

func (c *capturer) PacketCapture(context.Context) (CaptureState, error) {
	return CaptureState{Capture: &PacketCapture{CaptureRequest: c.asked, ID: 7, Running: true, Frames: 3}}, c.err
}

func (c *capturer) StartCapture(_ context.Context, request CaptureRequest) (PacketCapture, error) {
	c.asked = request
	return PacketCapture{CaptureRequest: request, ID: 7, Running: true}, c.err
}

func (c *capturer) StopCapture(_ context.Context, id uint64) (PacketCapture, error) {
	c.did = append(c.did, id)
	return PacketCapture{ID: id, Outcome: "stopped"}, c.err
}

func (c *capturer) ForgetCapture(_ context.Context, id uint64) error {
	c.did = append(c.did, id)
	return c.err
}

func (c *capturer) ReadCapture(_ context.Context, id uint64) (io.ReadCloser, error) {
	c.did = append(c.did, id)
	return c.file, c.err
}

func TestCaptureOverTheSocket(t *testing.T) {
	backend := &capturer{}
	client := serve(t, backend)
	request := CaptureRequest{Side: ClientSide, Host: netip.MustParseAddr("::ffff:192.0.2.1"), Port: 80, VLAN: 42, For: Duration(5 * time.Second), Size: 1 << 20, Who: "x"}
	got, err := client.StartCapture(t.Context(), request)
	request.Host = netip.MustParseAddr("192.0.2.1")
	if err != nil || got.ID != 7 || got.CaptureRequest != request || backend.asked != request {
		t.Errorf("start: %+v, %v; the backend was asked for %+v", got, err, backend.asked)
	}
	if _, err := client.StartCapture(t.Context(), CaptureRequest{}); err != nil || backend.asked != (CaptureRequest{Side: BothSides, For: Duration(time.Minute), Size: 16 << 20}) {
		t.Errorf("with nothing said: %+v, %v", backend.asked, err)
	}
	if s, err := client.PacketCapture(t.Context()); err != nil || s.Capture == nil || s.Capture.Frames != 3 || s.Capture.Side != BothSides {
		t.Errorf("state: %+v, %v", s, err)
	}
	if c, err := client.StopCapture(t.Context(), 7); err != nil || c.Outcome != "stopped" {
		t.Errorf("stop: %+v, %v", c, err)
	}
	if err := client.ForgetCapture(t.Context(), 7); err != nil || len(backend.did) != 2 {
		t.Errorf("forget: %v, %v", err, backend.did)
	}
	backend.err = Refuse(errors.New("capture 7: there is none, or no longer"))
	if _, err := client.ReadCapture(t.Context(), 7); err == nil || err.Error() != "capture 7: there is none, or no longer" {
		t.Errorf("a capture that is none: %v", err)
	}
}

// TestCaptureComesAsItGrows reads parts that have been written, before others are.
func TestCaptureComesAsItGrows(t *testing.T) {
	from, to := io.Pipe()
	client := serve(t, &capturer{file: from})
	file, err := client.ReadCapture(t.Context(), 7)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	part := make([]byte, 100)
	for range 3 {
		if _, err := to.Write(part); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(file, part); err != nil {
			t.Fatal(err)
		}
	}
	_ = to.Close()
	if rest, err := io.ReadAll(file); err != nil || len(rest) != 0 {
		t.Errorf("at the end: %d bytes, %v", len(rest), err)
	}
}

// TestCaptureThatBreaksOffIsNotWhole: an error in the middle reaches who reads.
func TestCaptureThatBreaksOffIsNotWhole(t *testing.T) {
	from, to := io.Pipe()
	client := serve(t, &capturer{file: from})
	file, err := client.ReadCapture(t.Context(), 7)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	go func() {
		_, _ = to.Write([]byte("some"))
		_ = to.CloseWithError(errors.New("gone"))
	}()
	if text, err := io.ReadAll(file); err == nil {
		t.Errorf("%q came as if it were whole", text)
	}
}

// TestCaptureEndsWithWhoReads: when the connection ends, the question does.
func TestCaptureEndsWithWhoReads(t *testing.T) {
	from, to := io.Pipe()
	client := serve(t, &capturer{file: from})
	ctx, cancel := context.WithCancel(t.Context())
	file, err := client.ReadCapture(ctx, 7)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cancel()
	for { // its reader is closed: a write has nobody to go to
		if _, err := to.Write(bytes.Repeat([]byte("x"), 1<<16)); err != nil {
			break
		}
	}
}

func TestBadCapturesAreRefused(t *testing.T) {
	server := httptest.NewServer(Handler(&capturer{}))
	defer server.Close()
	for _, q := range []struct{ method, path, body, want string }{
		{"POST", "", `{"side":"left"}`, "want client, server or both"},
		{"POST", "", `{"host":"example.net"}`, "read request"},
		{"POST", "", `{"host":"fe80::1%eth0"}`, "without a zone"},
		{"POST", "", `{"port":65536}`, "read request"},
		{"POST", "", `{"port":-1}`, "read request"},
		{"POST", "", `{"vlan":4095}`, "want 1 to 4094"},
		{"POST", "", `{"for":"999ms"}`, "want 1s to 10m0s"},
		{"POST", "", `{"for":"-1s"}`, "want 1s to 10m0s"},
		{"POST", "", `{"for":"11m"}`, "want 1s to 10m0s"},
		{"POST", "", `{"size":4095}`, "want 4096 to 67108864"},
		{"POST", "", `{"size":67108865}`, "want 4096 to 67108864"},
		{"POST", "", `{"size":-1}`, "want 4096 to 67108864"},
		{"POST", "", `{"filter":"tcp"}`, "unknown field"},
		{"POST", "", `{} {}`, "something follows"},
		{"POST", "", ``, "EOF"},
		{"POST", "/last/stop", ``, "want the number"},
		{"DELETE", "/-1", ``, "want the number"},
		{"GET", "/1e3/file", ``, "want the number"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), q.method, server.URL+capturePath+q.path, strings.NewReader(q.body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		var p problem
		if err := json.NewDecoder(response.Body).Decode(&p); err != nil {
			t.Error(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusBadRequest || !strings.Contains(p.Error, q.want) || strings.Contains(p.Error, "\n") {
			t.Errorf("%s %s %s: %d %q, want 400 with %q", q.method, q.path, q.body, response.StatusCode, p.Error, q.want)
		}
	}
}

package control

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"time"
)

// capturePath begins the paths of packet captures.
const capturePath = "/v1/capture"

// Bounds of a packet capture, and what holds when nobody says. A capture is kept in
// memory.
const (
	MinCaptureTime     = time.Second
	MaxCaptureTime     = 10 * time.Minute
	DefaultCaptureTime = time.Minute
	MinCaptureSize     = 4 << 10 // bytes
	MaxCaptureSize     = 64 << 20
	DefaultCaptureSize = 16 << 20
	maxVLAN            = 4094
)

// Side is the port, or both, whose frames are wanted.
type Side string

// Sides.
const (
	ClientSide Side = "client"
	ServerSide Side = "server"
	BothSides  Side = "both"
)

// CaptureRequest is the body of POST /v1/capture: which frames are wanted. Empty
// fields want all.
type CaptureRequest struct {
	Side Side       `json:"side,omitempty"` // empty: both
	Host netip.Addr `json:"host,omitzero"`  // that sends or receives
	Port uint16     `json:"port,omitempty"` // of TCP, UDP or SCTP, at either end
	VLAN uint16     `json:"vlan,omitempty"` // 1 to 4094
	For  Duration   `json:"for,omitempty"`  // 1 s to 10 m; 0: a minute
	Size int64      `json:"size,omitempty"` // of the file at most, 4 KiB to 64 MiB; 0: 16 MiB
	Who  string     `json:"who,omitempty"`  // has asked, for others to see
}

// PacketCapture is a packet capture that goes on, or has ended and is kept.
type PacketCapture struct {
	CaptureRequest
	ID      uint64    `json:"id"`
	Begun   time.Time `json:"begun"`
	Running bool      `json:"running"`
	Left    int       `json:"left"` // s until it ends, or until it is forgotten
	Frames  uint64    `json:"frames"`
	Bytes   int64     `json:"bytes"`   // of the file
	Dropped uint64    `json:"dropped"` // frames that came too fast to be recorded; they have crossed the wire
	// Outcome is how it has ended: "time", "size", "stopped" or "failed", then with Problem.
	Outcome string `json:"outcome,omitempty"`
	Problem string `json:"problem,omitempty"`
}

// CaptureState is the answer to GET /v1/capture.
type CaptureState struct {
	Capture *PacketCapture `json:"capture,omitempty"` // the last one; nil: there is none
}

// PacketCapturer is the part of a Backend that records frames.
type PacketCapturer interface {
	PacketCapture(ctx context.Context) (CaptureState, error)
	// StartCapture begins one. It hears from the moment of the answer on.
	StartCapture(ctx context.Context, request CaptureRequest) (PacketCapture, error)
	// StopCapture ends one, and returns when it has ended.
	StopCapture(ctx context.Context, id uint64) (PacketCapture, error)
	// ForgetCapture has one end, and nothing of it kept.
	ForgetCapture(ctx context.Context, id uint64) error
	// ReadCapture gives the file of one, as it grows, until its end.
	ReadCapture(ctx context.Context, id uint64) (io.ReadCloser, error)
}

// completed fills in what holds when nobody says, and refuses what cannot be.
func (c CaptureRequest) completed() (CaptureRequest, error) {
	c.Side, c.Host = cmp.Or(c.Side, BothSides), c.Host.Unmap()
	c.For, c.Size = cmp.Or(c.For, Duration(DefaultCaptureTime)), cmp.Or(c.Size, DefaultCaptureSize)
	switch {
	case c.Side != ClientSide && c.Side != ServerSide && c.Side != BothSides:
		return c, fmt.Errorf("side %q: want client, server or both", c.Side)
	case c.Host.Zone() != "":
		return c, fmt.Errorf("host %q: want an address without a zone", c.Host)
	case c.VLAN > maxVLAN:
		return c, fmt.Errorf("vlan %d: want 1 to %d", c.VLAN, maxVLAN)
	case time.Duration(c.For) < MinCaptureTime || time.Duration(c.For) > MaxCaptureTime:
		return c, fmt.Errorf("capture for %v: want %v to %v", time.Duration(c.For), MinCaptureTime, MaxCaptureTime)
	case c.Size < MinCaptureSize || c.Size > MaxCaptureSize:
		return c, fmt.Errorf("capture of %d bytes: want %d to %d", c.Size, MinCaptureSize, MaxCaptureSize)
	}
	return c, nil
}

func captureRoutes() []route {
	return []route{
		{"GET", capturePath, func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			return b.PacketCapture(r.Context())
		}},
		{"POST", capturePath, func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			request, err := bodyOf[CaptureRequest](r)
			if err != nil {
				return nil, err
			}
			if request, err = request.completed(); err != nil {
				return nil, Refuse(err)
			}
			return b.StartCapture(r.Context(), request)
		}},
		{"POST", capturePath + "/{id}/stop", func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			id, err := captureID(r)
			if err != nil {
				return nil, err
			}
			return b.StopCapture(r.Context(), id)
		}},
		{"DELETE", capturePath + "/{id}", func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			id, err := captureID(r)
			if err != nil {
				return nil, err
			}
			return struct{}{}, b.ForgetCapture(r.Context(), id)
		}},
		{"GET", capturePath + "/{id}/file", getCapture},
	}
}

func captureID(r *http.Request) (uint64, error) {
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, Refuse(fmt.Errorf("capture %q: want the number that GET %s gives", r.PathValue("id"), capturePath))
	}
	return id, nil
}

// CaptureType is the media type of a capture.
const CaptureType = "application/x-pcapng"

// idleCapture bounds how long the next bytes of a capture may wait to be taken.
const idleCapture = 30 * time.Second

// getCapture gives a capture as it grows. What goes wrong later breaks the answer off.
func getCapture(w http.ResponseWriter, r *http.Request, b Backend) (any, error) {
	id, err := captureID(r)
	if err != nil {
		return nil, err
	}
	file, err := b.ReadCapture(r.Context(), id)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rc := http.NewResponseController(w)
	// A capture lasts longer than a question may.
	if err := errors.Join(rc.SetReadDeadline(time.Time{}), rc.SetWriteDeadline(time.Now().Add(idleCapture))); err != nil {
		return nil, fmt.Errorf("send capture: %w", err)
	}
	w.Header().Set("Content-Type", CaptureType)
	w.WriteHeader(http.StatusOK)
	if err := rc.Flush(); err != nil {
		return nil, nil // who asked has gone away
	}
	for part := make([]byte, 64<<10); ; {
		n, err := file.Read(part)
		if n > 0 {
			_ = rc.SetWriteDeadline(time.Now().Add(idleCapture))
			if _, err := w.Write(part[:n]); err != nil {
				return nil, nil // who asked has gone away
			}
			_ = rc.Flush()
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil, nil
		case err != nil:
			panic(http.ErrAbortHandler) // net/http breaks the connection off
		}
	}
}

// PacketCapture asks for the last packet capture.
func (c *Client) PacketCapture(ctx context.Context) (CaptureState, error) {
	var s CaptureState
	return s, c.ask(ctx, http.MethodGet, capturePath, nil, &s)
}

// StartCapture begins a packet capture.
func (c *Client) StartCapture(ctx context.Context, request CaptureRequest) (PacketCapture, error) {
	var p PacketCapture
	return p, c.ask(ctx, http.MethodPost, capturePath, request, &p)
}

// StopCapture ends a packet capture.
func (c *Client) StopCapture(ctx context.Context, id uint64) (PacketCapture, error) {
	var p PacketCapture
	return p, c.ask(ctx, http.MethodPost, capturePath+"/"+strconv.FormatUint(id, 10)+"/stop", nil, &p)
}

// ForgetCapture ends a packet capture, and has nothing of it kept.
func (c *Client) ForgetCapture(ctx context.Context, id uint64) error {
	return c.ask(ctx, http.MethodDelete, capturePath+"/"+strconv.FormatUint(id, 10), nil, &struct{}{})
}

// ReadCapture gives the file of a packet capture, as it grows, until its end.
func (c *Client) ReadCapture(ctx context.Context, id uint64) (io.ReadCloser, error) {
	path := capturePath + "/" + strconv.FormatUint(id, 10) + "/file"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://limpid"+path, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", path, err)
	}
	// However long it takes: ctx ends it.
	response, err := (&http.Client{Transport: c.http.Transport}).Do(request)
	if err != nil {
		return nil, c.explain(err)
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, nil
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("read answer of %s: %w", path, err)
	}
	var p problem
	if err := json.Unmarshal(text, &p); err != nil || p.Error == "" {
		return nil, fmt.Errorf("ask %s: %s", path, response.Status)
	}
	return nil, errors.New(p.Error)
}

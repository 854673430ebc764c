package control

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed openapi.yaml
var description []byte

// SocketName is the socket's file name in the run directory.
const SocketName = "control.sock"

// maxBody bounds a request's body, in bytes.
const maxBody = 64 << 10

// bundlePath takes a body of any size.
const bundlePath = "/v1/update/bundle"

// defaultFlows is how many flows are listed when nobody says.
const defaultFlows = 1000

// Backend answers for the supervisor. An error made by Refuse is the asker's
// fault (400), any other is ours (500).
type Backend interface {
	Status(ctx context.Context) (Status, error)
	SetBypass(ctx context.Context, on bool, d time.Duration) error
	Flows(ctx context.Context, limit int) (FlowList, error)
	// ResetFlow resets both connections of a flow that the proxy holds.
	ResetFlow(ctx context.Context, id uint64) error
	Rules(ctx context.Context) (RuleList, error)
	NeighbourLister
	Log(ctx context.Context, query LogQuery) (LogPage, error)
	// LogTop ranks sites and clients of the access log, the first limit of each.
	LogTop(ctx context.Context, limit int) (LogTop, error)
	// History tells how much was counted in each step of a span.
	History(ctx context.Context, span string) (History, error)
	// Metrics writes everything that is counted, in Prometheus's text format.
	Metrics(ctx context.Context, w io.Writer) error
	HeadKeeper
	Driller
	Doctor
	Ladders
	Updater
	Passwords
	Beginner
	ClockSetter
	TokenKeeper
	SettingsKeeper
	Resetter
	PacketCapturer
}

// refusal is an error that is the asker's to mend.
type refusal struct{ error }

// Unwrap gives the error.
func (r refusal) Unwrap() error { return r.error }

// Refuse marks an error as the asker's.
func Refuse(err error) error { return refusal{err} }

// Refused reports whether an error is the asker's: the same question is answered so again.
func Refused(err error) bool {
	_, ok := errors.AsType[refusal](err)
	return ok
}

// later is an error that goes away by itself.
type later struct{ error }

// Unwrap gives the error.
func (l later) Unwrap() error { return l.error }

// Later marks an error as one that goes away by itself: ask again in a moment.
func Later(err error) error { return later{err} }

// problem is the body of every answer that is not 200.
type problem struct {
	Error string `json:"error"`
}

// Listen makes the socket in dir, for root and the members of group gid. One
// that a dead process left there is replaced: the caller holds the directory's lock.
func Listen(ctx context.Context, dir string, gid int) (net.Listener, error) {
	path := filepath.Join(dir, SocketName)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("replace control socket: %w", err)
	}
	// Made under another name and renamed, so that it is never there with other rights.
	fresh := path + ".new"
	_ = os.Remove(fresh)
	listener, err := new(net.ListenConfig).Listen(ctx, "unix", fresh)
	if err != nil {
		return nil, fmt.Errorf("make control socket: %w", err)
	}
	if unixListener, ok := listener.(*net.UnixListener); ok {
		unixListener.SetUnlinkOnClose(false)
	}
	if err := errors.Join(os.Chmod(fresh, 0o660), os.Chown(fresh, 0, gid), os.Rename(fresh, path)); err != nil {
		return nil, errors.Join(fmt.Errorf("make control socket: %w", err), listener.Close())
	}
	return listener, nil
}

// Serve answers on listener until ctx ends, and closes it. It returns when nobody asks
// backend for anything any longer: requests end with ctx.
func Serve(ctx context.Context, listener net.Listener, backend Backend) error {
	var asked asked
	defer asked.end()
	server := &http.Server{
		Handler:           asked.handler(Handler(backend)),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		_ = server.Close()
	})
	err := server.Serve(listener)
	if !stop() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return errors.Join(fmt.Errorf("serve control socket: %w", err), server.Close())
}

// route is one operation of the API.
type route struct {
	method, path string
	handle       func(w http.ResponseWriter, r *http.Request, b Backend) (any, error)
}

func routes() []route {
	return slices.Concat(settingsRoutes(), tokenRoutes(), captureRoutes(), doctorRoutes(), ladderRoutes(), headsRoutes(), []route{
		{"GET", "/v1/status", func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			return b.Status(r.Context())
		}},
		{"POST", "/v1/bypass", postBypass},
		{"GET", "/v1/flows", getFlows},
		{"POST", "/v1/flows/{id}/reset", postReset},
		{"GET", "/v1/rules", func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			return b.Rules(r.Context())
		}},
		{"GET", neighboursPath, getNeighbours},
		{"GET", "/v1/log", getLog},
		{"GET", topPath, getTop},
		{"GET", historyPath, getHistory},
		{"GET", "/v1/metrics", getMetrics},
		{"POST", drillPath, postDrill},
		{"GET", drillPath, func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			return b.Drills(r.Context())
		}},
		{"GET", passwordPath, func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			return b.Password(r.Context())
		}},
		{"PUT", passwordPath, putPassword},
		{"PUT", readerPath, putReader},
		{"PUT", startedPath, putStarted},
		{"PUT", clockPath, putClock},
		{"POST", resetPath, postFactoryReset},
		{"GET", "/v1/update", func(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
			return b.Update(r.Context())
		}},
		{"PUT", bundlePath, putBundle},
		{"POST", "/v1/update/back", postBack},
		{"POST", "/v1/update/reboot", postReboot},
		{"PUT", "/v1/update/reboot", putReboot},
		{"DELETE", "/v1/update/reboot", deleteReboot},
		{"GET", "/v1/openapi.yaml", func(w http.ResponseWriter, _ *http.Request, _ Backend) (any, error) {
			w.Header().Set("Content-Type", "application/yaml")
			_, err := w.Write(description)
			return nil, err
		}},
	})
}

// Handler serves the API.
func Handler(backend Backend) http.Handler {
	mux := http.NewServeMux()
	for _, route := range routes() {
		mux.HandleFunc(route.method+" "+route.path, func(w http.ResponseWriter, r *http.Request) {
			if most := mostOf(route.path); most > 0 {
				r.Body = http.MaxBytesReader(w, r.Body, most)
			}
			result, err := route.handle(w, r, backend)
			switch {
			case err != nil:
				fail(w, err)
			case result != nil:
				answer(w, http.StatusOK, result)
			}
		})
	}
	return mux
}

// mostOf bounds a request's body, in bytes; 0: it may have any size.
func mostOf(path string) int64 {
	switch {
	case path == bundlePath:
		return 0
	case strings.HasPrefix(path, settingsPath):
		return maxSettings
	}
	return maxBody
}

func postBypass(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
	var request BypassRequest
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil {
		return nil, Refuse(fmt.Errorf("read bypass request: %w", err))
	}
	switch {
	case request.For < 0:
		return nil, Refuse(fmt.Errorf("bypass for %v: give a time above 0", time.Duration(request.For)))
	case request.For > 0 && !request.On:
		return nil, Refuse(errors.New("bypass off takes no time: leave out \"for\""))
	}
	if err := b.SetBypass(r.Context(), request.On, time.Duration(request.For)); err != nil {
		return nil, err
	}
	return b.Status(r.Context())
}

func getFlows(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
	limit := defaultFlows
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, Refuse(fmt.Errorf("limit %q: want a number from 1", text))
		}
		limit = n
	}
	return b.Flows(r.Context(), limit)
}

func postReset(_ http.ResponseWriter, r *http.Request, b Backend) (any, error) {
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	if err != nil {
		return nil, Refuse(fmt.Errorf("flow %q: want the number that GET /v1/flows gives it", r.PathValue("id")))
	}
	return struct{}{}, b.ResetFlow(r.Context(), id)
}

// metricsType is what Prometheus asks for and gets (exposition format 0.0.4).
const metricsType = "text/plain; version=0.0.4; charset=utf-8"

// getMetrics answers with all of them, or with an error: never with a part.
func getMetrics(w http.ResponseWriter, r *http.Request, b Backend) (any, error) {
	var text bytes.Buffer
	if err := b.Metrics(r.Context(), &text); err != nil {
		return nil, err
	}
	w.Header().Set("Content-Type", metricsType)
	_, _ = w.Write(text.Bytes()) // who has gone away is told nothing
	return nil, nil
}

func fail(w http.ResponseWriter, err error) {
	code := http.StatusInternalServerError
	_, unready := errors.AsType[later](err)
	switch {
	case Refused(err):
		code = http.StatusBadRequest
	case unready:
		code = http.StatusServiceUnavailable
	}
	answer(w, code, problem{err.Error()})
}

func answer(w http.ResponseWriter, code int, body any) {
	text, err := json.MarshalIndent(body, "", "  ")
	if err != nil {
		code, text = http.StatusInternalServerError, []byte(`{"error": "encode answer"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(append(text, '\n'))
}

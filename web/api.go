package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"limpid/appliance/control"
)

// maxPassing is how many calls are passed on at once: the supervisor has more urgent
// things to do. Others wait their turn.
const maxPassing = 4

// idleUpload bounds how long the next bytes of a file may take.
const idleUpload = 30 * time.Second

// lingering is for how long the rest of a refused file is taken.
const lingering = 5 * time.Second

// serveAPI passes a call on to the control API, for who may make it, and passes back
// what that answers.
func (p *Page) serveAPI(c apiCall) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who, ok := p.callerOf(w, r, c.who)
		if !ok {
			return
		}
		switch {
		case c.most == 0:
			p.passFile(w, r, c, who)
			return
		case c.path == captureFile:
			p.passCapture(w, r, c, who)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, c.most))
		if err != nil {
			code := http.StatusBadRequest
			if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
				code = http.StatusRequestEntityTooLarge
			}
			failAPI(w, code, fmt.Sprintf("read body: %v: it may have %d bytes", err, c.most))
			return
		}
		if body, err = signed(c, body, who.name); err != nil {
			failAPI(w, http.StatusBadRequest, err.Error())
			return
		}
		if c.path == "/v1/reset" {
			var code int
			if body, code, err = p.provenReset(w, r, body, who); err != nil {
				failAPI(w, code, err.Error())
				return
			}
		}
		select {
		case p.passing <- struct{}{}:
			defer func() { <-p.passing }()
		case <-r.Context().Done():
			return
		}
		p.pass(w, r, c, who, control.Call{Body: bytes.NewReader(body), Length: int64(len(body))})
	}
}

// passFile passes a file on as it comes, for as long as it comes.
func (p *Page) passFile(w http.ResponseWriter, r *http.Request, c apiCall, who caller) {
	rc := http.NewResponseController(w)
	// What is done with the file takes a while: the answer waits for it.
	if err := rc.SetWriteDeadline(time.Time{}); err != nil {
		p.log.Error("cannot wait for a file", "error", err)
	}
	p.pass(w, r, c, who, control.Call{Body: patientBody{r.Body, rc}, Length: r.ContentLength, Patient: true})
	// Who is refused in the middle of sending reads the answer only while nothing is
	// reset: what still comes is taken for a moment (RFC 9112, 9.6).
	if rc.Flush() == nil && rc.SetReadDeadline(time.Now().Add(lingering)) == nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
}

// patientBody gives each read of a request's body time of its own.
type patientBody struct {
	body    io.Reader
	control *http.ResponseController
}

func (b patientBody) Read(p []byte) (int, error) {
	_ = b.control.SetReadDeadline(time.Now().Add(idleUpload)) // of a connection that is gone, which the read says
	return b.body.Read(p)
}

// pass makes a call and gives its answer.
func (p *Page) pass(w http.ResponseWriter, r *http.Request, c apiCall, who caller, call control.Call) {
	path, err := pathOf(r, c.path)
	if err != nil {
		failAPI(w, http.StatusBadRequest, err.Error())
		return
	}
	call.Method, call.Path = c.method, path
	response, err := p.control.Pass(r.Context(), call)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		p.watcher.stale()
		p.log.Info("called over the API", "method", c.method, "path", c.path, "by", who.name, "answered", err == nil && response.StatusCode == http.StatusOK)
	}
	if err != nil {
		w.Header().Set("Connection", "close") // what else is sent is not read
		failAPI(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK && call.Patient {
		w.Header().Set("Connection", "close")
	}
	if call.Patient {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
	}
	if kind := response.Header.Get("Content-Type"); kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, response.Body) // who has gone away is told nothing
}

// pathOf is the path of a call with what stands in the place of its names, and the
// query. A name that would lead to another place is none.
func pathOf(r *http.Request, path string) (string, error) {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			value := r.PathValue(strings.TrimSuffix(name, "}"))
			if value == "." || value == ".." {
				return "", fmt.Errorf("%s: %q stands for nothing there", path, value)
			}
			parts[i] = url.PathEscape(value)
		}
	}
	path = strings.Join(parts, "/")
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	return path, nil
}

// signed puts who calls into what is kept with a name, whatever the caller says.
func signed(c apiCall, body []byte, who string) ([]byte, error) {
	switch c.method + " " + c.path {
	case "POST /v1/settings/apply":
		return amended(body, func(change *control.SettingsChange) { change.Who = who })
	case "POST /v1/capture":
		return amended(body, func(request *control.CaptureRequest) { request.Who = who })
	case "PUT /v1/log/heads":
		return amended(body, func(request *control.HeadsRequest) { request.Who = who })
	case "POST /v1/doctor/ladder":
		return amended(body, func(request *control.LadderRequest) { request.Who = who })
	case "POST /v1/drill":
		return amended(body, func(request *control.DrillRequest) { request.Who = who })
	}
	return body, nil
}

// amended changes a body that is JSON.
func amended[T any](body []byte, amend func(*T)) ([]byte, error) {
	request, err := strictly[T](body)
	if err != nil {
		return nil, err
	}
	amend(&request)
	return json.Marshal(request)
}

// strictly reads a body as the control API does.
func strictly[T any](body []byte) (T, error) {
	var request T
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil {
		return request, fmt.Errorf("read request: %w", err)
	}
	if decoder.More() {
		return request, errors.New("read request: something follows the object")
	}
	return request, nil
}

// failAPI answers as the control API does.
func failAPI(w http.ResponseWriter, code int, text string) {
	body, _ := json.Marshal(map[string]string{"error": text}) // a text is JSON
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(append(body, '\n'))
}

// noCall answers for all that does not pass.
func (p *Page) noCall(w http.ResponseWriter, r *http.Request) {
	if _, ok := p.callerOf(w, r, readers); ok {
		failAPI(w, http.StatusNotFound, r.Method+" "+r.URL.Path+": there is no such call here: "+apiPrefix+" lists those there are")
	}
}

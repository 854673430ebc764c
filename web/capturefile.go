package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"limpid/appliance/control"
)

// sendCapture gives the file of a capture; of one that goes on, as it grows. Whoever
// takes it gets as much time for each part as for any other answer, and no more in all
// than a capture may last.
func (p *Page) sendCapture(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	if err != nil {
		p.listCapture(w, r, http.StatusBadRequest, "Choose the capture on this page.", captureForm{})
		return
	}
	file, err := p.control.ReadCapture(r.Context(), id)
	if err != nil {
		p.listCapture(w, r, http.StatusConflict, sentence(err), captureForm{})
		return
	}
	defer file.Close()
	name := fmt.Sprintf("limpid-capture-%s.pcapng", p.stamp())
	w.Header().Set("Content-Type", control.CaptureType)
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
	p.sendGrowing(w, r, file)
}

// captureFile is the call of the API that gives the file of a capture.
const captureFile = "/v1/capture/{id}/file"

// passCapture passes the file of a capture on as it comes from the control API. It takes
// no turn: it may last as long as a capture.
func (p *Page) passCapture(w http.ResponseWriter, r *http.Request, c apiCall, who caller) {
	path, err := pathOf(r, c.path)
	if err != nil {
		failAPI(w, http.StatusBadRequest, err.Error())
		return
	}
	response, err := p.control.Pass(r.Context(), control.Call{Method: c.method, Path: path, Patient: true})
	if err != nil {
		failAPI(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	defer response.Body.Close()
	w.Header().Set("Content-Type", response.Header.Get("Content-Type"))
	if response.StatusCode != http.StatusOK {
		w.WriteHeader(response.StatusCode)
		_, _ = io.Copy(w, response.Body) // who has gone away is told nothing
		return
	}
	p.log.Info("a capture is taken over the API", "by", who.name, "capture", r.PathValue("id"))
	p.sendGrowing(w, r, response.Body)
}

// sendGrowing sends what comes of a file as it comes, and breaks off when that does.
func (p *Page) sendGrowing(w http.ResponseWriter, r *http.Request, file io.Reader) {
	if r.Method == http.MethodHead {
		return // what it would be is said
	}
	rc := http.NewResponseController(w)
	end := p.clock().Add(control.MaxCaptureTime + writeTimeout)
	_ = rc.SetReadDeadline(end) // or the question is taken back while the file grows
	_ = rc.Flush()              // the first frame may be long in coming
	for part := make([]byte, 64<<10); ; {
		n, err := file.Read(part)
		if n > 0 {
			_ = rc.SetWriteDeadline(earlier(p.clock().Add(writeTimeout), end))
			if _, err := w.Write(part[:n]); err != nil {
				return // who asked has gone away
			}
			_ = rc.Flush()
		}
		switch {
		case errors.Is(err, io.EOF):
			return
		case err != nil && r.Context().Err() != nil:
			return // the same
		case err != nil:
			p.log.Error("cannot send a capture to its end", "error", err)
			panic(http.ErrAbortHandler) // net/http breaks the connection off
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

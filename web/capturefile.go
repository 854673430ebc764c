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
	rc := http.NewResponseController(w)
	name := fmt.Sprintf("limpid-capture-%s.pcapng", p.stamp())
	w.Header().Set("Content-Type", control.CaptureType)
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
	end := p.clock().Add(control.MaxCaptureTime + writeTimeout)
	_ = rc.SetReadDeadline(end) // or the question is taken back while the file grows
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

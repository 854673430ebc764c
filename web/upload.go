package web

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"limpid/appliance/control"
)

// bundlePath takes a bundle, which is longer than any form and takes longer to come.
const bundlePath = "/update/bundle"

// maxBundle bounds one, in bytes; which slot it fits into the supervisor knows.
const maxBundle = 1 << 30

// takeBundle passes a bundle, or the rest of one, on to the supervisor as it comes. What
// it is, and whether it is any good, is not for this process to say.
func (p *Page) takeBundle(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	offset, err := strconv.ParseInt(query.Get("offset"), 10, 64)
	if err != nil || offset < 0 || offset > maxBundle || r.ContentLength < 0 {
		tell(w, http.StatusBadRequest, "Send the length of the bundle, and as offset how much of it has come before.")
		return
	}
	rc := http.NewResponseController(w)
	// The answer comes when the slot was read back.
	if err := rc.SetWriteDeadline(time.Time{}); err != nil {
		tell(w, http.StatusInternalServerError, sentence(fmt.Errorf("take bundle: %w", err)))
		return
	}
	upload := control.Upload{SHA256: query.Get("sha256"), Offset: offset, Size: offset + r.ContentLength, Downgrade: query.Get("downgrade") == "true"}
	p.log.Info("a bundle is sent to the page", "size", upload.Size, "offset", offset, "from", neighbour(r.RemoteAddr).String())
	if _, err := p.control.Upload(r.Context(), upload, patientBody{r.Body, rc}); err != nil {
		// What else is sent of it is not read.
		w.Header().Set("Connection", "close")
		tell(w, http.StatusConflict, sentence(err))
		return
	}
	p.tellUpdate(w, r)
}

// tellUpdate is the state of the firmware for the script.
func (p *Page) tellUpdate(w http.ResponseWriter, r *http.Request) {
	u, err := p.control.Update(r.Context())
	if err != nil {
		tell(w, http.StatusServiceUnavailable, sentence(err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(u) // who has gone away is told nothing
}

// tell answers a script with a sentence.
func tell(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, text)
}

package web

import (
	"encoding/json"
	"net/http"
	"time"

	"limpid/appliance/control"
)

const (
	// beat is how often a stream says something.
	beat = time.Second
	// beatTimeout bounds how long a reader may take for it.
	beatTimeout = 5 * time.Second
	// streamLife is when a stream ends by itself; a browser then opens another. What
	// the kernel holds of one whose reader is gone is bounded by it too.
	streamLife = 10 * time.Minute
	// comeAgain is when one who found no room may try again.
	comeAgain = "60"
)

// showStream tells what happens as it happens, in the form of server-sent events (HTML,
// 9.2), until who looks goes away or is no longer logged in. Each stream writes for
// itself, from answers that all share: a reader who is slow holds up nobody else, and
// ends when one event was not taken in time.
func (p *Page) showStream(w http.ResponseWriter, r *http.Request) {
	who, session := neighbour(r.RemoteAddr), sessionOf(r)
	if !p.streams.take(who, session) {
		w.Header().Set("Retry-After", comeAgain)
		http.Error(w, "Too many pages are open: this one looks every other second instead.", http.StatusServiceUnavailable)
		return
	}
	defer p.streams.leave(who, session)
	out := http.NewResponseController(w)
	// The deadline of the request would end the stream: net/http goes on reading, so as
	// to learn that the other end is gone.
	_ = out.SetReadDeadline(time.Time{})
	w.Header().Set("Content-Type", "text/event-stream")
	life, beats := time.NewTimer(streamLife), time.NewTicker(beat)
	defer life.Stop()
	defer beats.Stop()
	// All that the chart has room for comes first.
	seen := p.clock().Unix() - pulseWidth - 1
	recent, err := p.charts["10m"].now()
	for {
		l := p.watcher.now()
		if l.err == nil && !p.sessions.holds(session, l.holders()) {
			return
		}
		if err != nil {
			recent = control.History{} // nothing is known of these seconds
		}
		if second := p.clock().Unix(); seen > second {
			seen = second - pulseWidth - 1 // the clock was set back
		}
		now := pulseOf(l, recent, seen, p.clock())
		if n := len(now.Points); n > 0 {
			seen = now.Points[n-1].At
		}
		if p.tell(w, out, now) != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-p.streams.ending:
			return
		case <-life.C:
			return
		case <-beats.C:
		}
		recent, err = p.recent.now()
	}
}

// tell writes one event.
func (p *Page) tell(w http.ResponseWriter, out *http.ResponseController, now pulse) error {
	text, err := json.Marshal(now)
	if err != nil {
		p.log.Error("cannot make the stream", "error", err)
		return err
	}
	if err := out.SetWriteDeadline(time.Now().Add(beatTimeout)); err != nil {
		return err
	}
	if _, err := w.Write([]byte("data: " + string(text) + "\n\n")); err != nil {
		return err
	}
	return out.Flush()
}

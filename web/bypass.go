package web

import (
	"net/http"
	"time"
)

// choice is one way to order a bypass.
type choice struct {
	Value, Label string
	d            time.Duration // 0: until it is taken back
}

func choices() []choice {
	return []choice{
		{"1m", "1 minute", time.Minute},
		{"10m", "10 minutes", 10 * time.Minute},
		{"1h", "1 hour", time.Hour},
		{"on", "until I say", 0},
	}
}

// bypass is the big switch: "off", or one of the choices.
func (p *Page) bypass(w http.ResponseWriter, r *http.Request) {
	wanted := r.PostFormValue("for")
	on, d, found := false, time.Duration(0), wanted == "off"
	for _, c := range choices() {
		if c.Value == wanted {
			on, d, found = true, c.d, true
		}
	}
	if !found {
		p.refuse(w, r, http.StatusBadRequest, "Say for how long.")
		return
	}
	if _, err := p.control.SetBypass(r.Context(), on, d); err != nil {
		p.refuse(w, r, http.StatusServiceUnavailable, sentence(err))
		return
	}
	p.log.Info("switched on the page", "bypass", wanted, "from", neighbour(r.RemoteAddr).String())
	p.watcher.stale()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

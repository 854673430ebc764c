package web

import (
	"net/http"
	"time"

	"limpid/appliance/control"
)

// doctorView is the page of the checklist.
type doctorView struct {
	frame
	At      string // when the checks were made
	Summary string
	Tone    string
	Checks  []checkRow
	Bad     []checkRow // of them, what is not well
	// What was asked of a connection, as it was typed, and the answer.
	Client, Server, Port string
	Answer               *control.FlowAnswer
}

// checkRow is one check.
type checkRow struct {
	control.Check
	Word, Tone string
	Open       bool // its evidence is shown without being asked for
}

// showDoctor goes through the checklist and, if the address asks for it, says why a
// connection is captured or not.
func (p *Page) showDoctor(w http.ResponseWriter, r *http.Request) {
	l, who := p.visitor(r)
	values := r.URL.Query()
	v := doctorView{frame: p.frameOf(l, who, "/doctor"), Client: values.Get("client"), Server: values.Get("server"), Port: values.Get("port")}
	v.Title = "doctor"
	code := http.StatusOK
	if v.Client != "" || v.Server != "" {
		q, err := control.ParseFlow(v.Client, v.Server, v.Port)
		if err != nil {
			code, v.Message = http.StatusBadRequest, sentence(err)
		} else if a, err := p.control.Explain(r.Context(), q); err != nil {
			code, v.Message = http.StatusServiceUnavailable, sentence(err)
		} else {
			v.Answer = &a
		}
	}
	checkup, err := p.control.Doctor(r.Context())
	if err != nil {
		code, v.Message = http.StatusServiceUnavailable, sentence(err)
		p.write(w, code, "doctor.html", v)
		return
	}
	v.At = checkup.Time.In(l.zone()).Format(time.TimeOnly)
	v.Summary, v.Tone = summaryOf(checkup)
	for _, c := range checkup.Checks {
		row := checkRow{Check: c, Open: c.Verdict == control.HealthFail || c.Verdict == control.HealthWarn}
		row.Word, row.Tone = verdictWord(c.Verdict)
		v.Checks = append(v.Checks, row)
		if row.Open {
			v.Bad = append(v.Bad, row)
		}
	}
	p.write(w, code, "doctor.html", v)
}

func verdictWord(h control.Health) (word, tone string) {
	switch h {
	case control.HealthOK:
		return "well", good
	case control.HealthWarn:
		return "look", warn
	case control.HealthFail:
		return "fails", bad
	case control.HealthUnknown:
	}
	return "unknown", idle
}

func summaryOf(c control.Checkup) (text, tone string) {
	count := map[control.Health]uint64{}
	for _, check := range c.Checks {
		count[check.Verdict]++
	}
	_, tone = verdictWord(c.Verdict)
	text = number(count[control.HealthOK]) + " well"
	for _, h := range []control.Health{control.HealthFail, control.HealthWarn, control.HealthUnknown} {
		if count[h] > 0 {
			word := map[control.Health]string{control.HealthFail: "to mend", control.HealthWarn: "to look at", control.HealthUnknown: "not known"}[h]
			text += ", " + number(count[h]) + " " + word
		}
	}
	return text, tone
}

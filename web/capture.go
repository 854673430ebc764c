package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"limpid/appliance/control"
)

// captureView is the page of packet captures.
type captureView struct {
	frame
	Capture             *captureRow // nil: there is none
	Form                captureForm
	Sides, Times, Sizes []option
}

// captureForm is what was typed.
type captureForm struct{ Side, Host, Port, VLAN, For, Size string }

// option is one of several to choose from.
type option struct {
	Name, Label string
	Chosen      bool
}

// captureRow is the last capture, in words.
type captureRow struct {
	ID            uint64
	Running, Lost bool
	Title, About  string
	Frames, Bytes string
	Dropped, Left string
	Problem       string
}

func (p *Page) showCapture(w http.ResponseWriter, r *http.Request) {
	p.listCapture(w, r, http.StatusOK, "", captureForm{})
}

func (p *Page) listCapture(w http.ResponseWriter, r *http.Request, code int, message string, form captureForm) {
	l, who := p.visitor(r)
	v := captureView{frame: p.frameOf(l, who, "/capture", "capture.js"), Form: form}
	v.Title, v.Message = "capture", message
	v.Sides = choose(form.Side, option{"both", "both", false}, option{"client", "towards clients", false}, option{"server", "towards servers", false})
	v.Times = choose(form.For, option{"1m", "1 minute", false}, option{"10s", "10 seconds", false}, option{"5m", "5 minutes", false}, option{"10m", "10 minutes", false})
	v.Sizes = choose(form.Size, option{"16", "16 MiB", false}, option{"1", "1 MiB", false}, option{"4", "4 MiB", false}, option{"64", "64 MiB", false})
	s, err := p.control.PacketCapture(r.Context())
	if err != nil {
		v.Message, code = sentence(err), http.StatusServiceUnavailable
	}
	v.Capture = captureRowOf(s.Capture, l.zone())
	if v.Capture != nil && v.Capture.Running {
		v.Refresh = "/capture"
	}
	p.write(w, code, "capture.html", v)
}

// showCaptureLive gives the part of the page that counts, for the script to put in place.
func (p *Page) showCaptureLive(w http.ResponseWriter, r *http.Request) {
	s, err := p.control.PacketCapture(r.Context())
	if err != nil {
		http.Error(w, sentence(err), http.StatusServiceUnavailable)
		return
	}
	l := p.watcher.now()
	p.write(w, http.StatusOK, "captured", captureView{Capture: captureRowOf(s.Capture, l.zone())})
}

// choose marks the one of that name, or the first.
func choose(name string, options ...option) []option {
	for i := range options {
		if options[i].Name == name {
			options[i].Chosen = true
		}
	}
	return options
}

func captureRowOf(c *control.PacketCapture, zone *time.Location) *captureRow {
	if c == nil {
		return nil
	}
	v := &captureRow{
		ID: c.ID, Running: c.Running, Lost: c.Dropped > 0, Frames: number(c.Frames), Bytes: size(uint64(max(c.Bytes, 0))), Dropped: number(c.Dropped),
		Left: ago(time.Duration(c.Left) * time.Second), About: aboutCapture(c, zone),
	}
	v.Title = "Recording"
	if !c.Running {
		v.Title = "Recorded"
		switch c.Outcome {
		case "time":
			v.Title += ", until the time was over"
		case "size":
			v.Title += ", until the file was full"
		case "stopped":
			v.Title += ", until it was stopped"
		default:
			v.Title, v.Problem = "Broken off", c.Problem
		}
	}
	return v
}

// aboutCapture says what was asked for.
func aboutCapture(c *control.PacketCapture, zone *time.Location) string {
	text := "Both ports"
	switch c.Side {
	case control.ClientSide:
		text = "Clients' port"
	case control.ServerSide:
		text = "Servers' port"
	case control.BothSides:
	}
	if c.Host.IsValid() {
		text += ", " + c.Host.String()
	}
	if c.Port != 0 {
		text += fmt.Sprintf(", port %d", c.Port)
	}
	if c.VLAN != 0 {
		text += fmt.Sprintf(", VLAN %d", c.VLAN)
	}
	text += ", since " + c.Begun.In(zone).Format(time.TimeOnly)
	if c.Who != "" {
		text += ", by " + c.Who
	}
	return text + "."
}

// request is what a form asks for; complaint says what is wrong with it.
func (f captureForm) request() (c control.CaptureRequest, complaint string) {
	c.Side = control.Side(f.Side)
	var err error
	if f.Host != "" {
		if c.Host, err = netip.ParseAddr(f.Host); err != nil || c.Host.Zone() != "" {
			return c, "The address is to be one like 192.0.2.1 or 2001:db8::1."
		}
	}
	if f.Port != "" {
		n, err := strconv.ParseUint(f.Port, 10, 16)
		if err != nil || n == 0 {
			return c, "The port is to be a number from 1 to 65535."
		}
		c.Port = uint16(n)
	}
	if f.VLAN != "" {
		n, err := strconv.ParseUint(f.VLAN, 10, 12)
		if err != nil || n == 0 || n == 4095 {
			return c, "The VLAN is to be a number from 1 to 4094."
		}
		c.VLAN = uint16(n)
	}
	length, err := time.ParseDuration(f.For)
	if err != nil && f.For != "" {
		return c, "Choose for how long."
	}
	mebibytes, err := strconv.ParseUint(f.Size, 10, 16)
	if err != nil && f.Size != "" {
		return c, "Choose how much."
	}
	c.For, c.Size = control.Duration(length), int64(mebibytes)<<20
	return c, ""
}

func (p *Page) startCapture(w http.ResponseWriter, r *http.Request) {
	value := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	form := captureForm{value("side"), value("host"), value("port"), value("vlan"), value("for"), value("size")}
	request, complaint := form.request()
	if complaint != "" {
		p.listCapture(w, r, http.StatusBadRequest, complaint, form)
		return
	}
	request.Who = neighbour(r.RemoteAddr).String()
	c, err := p.control.StartCapture(r.Context(), request)
	if err != nil {
		p.listCapture(w, r, http.StatusConflict, sentence(err), form)
		return
	}
	p.log.Info("packet capture begun on the page", "capture", c.ID, "from", request.Who)
	http.Redirect(w, r, "/capture", http.StatusSeeOther)
}

func (p *Page) stopCapture(w http.ResponseWriter, r *http.Request) {
	p.withCapture(w, r, func(id uint64) error {
		_, err := p.control.StopCapture(r.Context(), id)
		return err
	})
}

func (p *Page) forgetCapture(w http.ResponseWriter, r *http.Request) {
	p.withCapture(w, r, func(id uint64) error { return p.control.ForgetCapture(r.Context(), id) })
}

// withCapture does something to the capture that the address names.
func (p *Page) withCapture(w http.ResponseWriter, r *http.Request, do func(id uint64) error) {
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	if err != nil {
		p.listCapture(w, r, http.StatusBadRequest, "Choose the capture on this page.", captureForm{})
		return
	}
	if err := do(id); err != nil {
		p.listCapture(w, r, http.StatusConflict, sentence(err), captureForm{})
		return
	}
	http.Redirect(w, r, "/capture", http.StatusSeeOther)
}

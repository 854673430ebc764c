package web

import (
	"net/http"
	"strconv"
	"strings"

	"limpid/appliance/control"
)

// addressView is the third step: where the box itself is.
type addressView struct {
	startView
	Holds   string // the address that holds, in words
	Form    addressForm
	Trial   *trialView
	NoFixed bool // the address is another interface's, or there is none on purpose
}

// addressForm is what was typed, or what holds.
type addressForm struct {
	DHCP             bool
	Address, Gateway string
}

func (p *Page) showStartAddress(w http.ResponseWriter, r *http.Request) {
	p.startAddressPage(w, r, http.StatusOK, "", nil)
}

func (p *Page) startAddressPage(w http.ResponseWriter, r *http.Request, code int, message string, typed *addressForm) {
	l, who := p.visitor(r)
	v := addressView{startView: p.startOf(l, who, startAddress), Holds: addressWords(l.status.Address)}
	v.Message = message
	s, err := p.control.Settings(r.Context())
	if err != nil {
		code, v.Message = http.StatusServiceUnavailable, sentence(err)
		p.write(w, code, "startaddress.html", v)
		return
	}
	v.Trial = trialOf(s.Trial, l.zone())
	v.Form = addressFormOf(s, l.status.Address)
	if typed != nil {
		v.Form = *typed
	}
	p.write(w, code, "startaddress.html", v)
}

// addressFormOf is what the form begins with: the settings, and where they leave it to
// DHCP what came of that, so that it can be kept as it is.
func addressFormOf(s control.Settings, holds control.Address) addressForm {
	word := func(key string) string { return strings.Trim(settingOf(s, key), `"`) }
	f := addressForm{Address: word("management.address"), Gateway: word("management.gateway")}
	switch f.Address {
	case "dhcp", "none", "":
		f.DHCP, f.Address, f.Gateway = f.Address == "dhcp", "", ""
		if holds.Prefix.IsValid() {
			f.Address = holds.Prefix.String()
		}
		if holds.Gateway.IsValid() {
			f.Gateway = holds.Gateway.String()
		}
	}
	return f
}

func addressWords(a control.Address) string {
	switch {
	case !a.Prefix.IsValid():
		return ""
	case !a.Gateway.IsValid():
		return a.Prefix.String() + ", without a router"
	}
	return a.Prefix.String() + ", router " + a.Gateway.String()
}

// reviewStartAddress goes the way of every change of the settings: it is shown, tried, and
// kept once it was confirmed at the new address.
func (p *Page) reviewStartAddress(w http.ResponseWriter, r *http.Request) {
	form := addressForm{
		DHCP: r.PostFormValue("how") == "dhcp", Address: strings.TrimSpace(r.PostFormValue("address")), Gateway: strings.TrimSpace(r.PostFormValue("gateway")),
	}
	set := map[string]string{"management.address": strconv.Quote(form.Address), "management.gateway": strconv.Quote(form.Gateway)}
	switch how := r.PostFormValue("how"); {
	case form.DHCP:
		set = map[string]string{"management.address": `"dhcp"`, "management.gateway": `""`}
	case how != "fixed":
		p.startAddressPage(w, r, http.StatusBadRequest, "Choose where the address comes from.", &form)
		return
	case form.Address == "":
		p.startAddressPage(w, r, http.StatusBadRequest, "Give the address with the length of its prefix, like 192.0.2.10/24.", &form)
		return
	}
	s, text, changed, err := p.edited(r, set)
	if err != nil {
		p.startAddressPage(w, r, http.StatusBadRequest, sentence(err), &form)
		return
	}
	if !changed {
		http.Redirect(w, r, startTime, http.StatusSeeOther)
		return
	}
	review, err := p.control.ReviewSettings(r.Context(), text)
	switch {
	case err != nil:
		p.startAddressPage(w, r, http.StatusBadRequest, sentence(err), &form)
	case len(review.Problems) > 0:
		p.startAddressPage(w, r, http.StatusBadRequest, problemsOf(review.Problems, true), &form)
	default:
		p.writeReview(w, r, s, text, s.Digest, review)
	}
}

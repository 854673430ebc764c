package update

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"limpid/appliance/control"
)

// servePage serves a page on an address of this machine, and gives what the supervisor says of it.
func servePage(t *testing.T, serve http.HandlerFunc) control.Page {
	t.Helper()
	server := httptest.NewTLSServer(serve)
	t.Cleanup(server.Close)
	return control.Page{Process: control.Process{PID: 4}, Listen: []string{server.Listener.Addr().String()},
		Fingerprint: control.Fingerprint(server.Certificate().Raw)}
}

// A page whose process lives is not yet one that is served.
func TestVisitPage(t *testing.T) {
	well := servePage(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/start", http.StatusSeeOther) })
	at, err := netip.ParseAddrPort(well.Listen[0])
	if err != nil {
		t.Fatal(err)
	}
	deaf, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it ends with the test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { deaf.Close() })
	closed, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	everywhere := fmt.Sprintf(":%d", at.Port())
	elsewhere := "192.0.2.1:443" // for documentation: nobody has it
	for name, test := range map[string]struct {
		listen []string
		want   string
	}{
		"answers":                {well.Listen, ""},
		"everywhere":             {[]string{everywhere}, ""},
		"everywhere, IPv4":       {[]string{"0.0.0.0" + everywhere}, ""},
		"one of two":             {[]string{closed.Addr().String(), everywhere}, ""},
		"the box has no address": {[]string{elsewhere}, ""},
		"never accepts":          {[]string{deaf.Addr().String()}, "no answer in time"},
		"nobody listens":         {[]string{closed.Addr().String(), elsewhere, ":80"}, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := visitPage(t.Context(), control.Page{Listen: test.listen, Fingerprint: well.Fingerprint})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func TestVisitPageThatFails(t *testing.T) {
	for name, test := range map[string]struct {
		serve http.HandlerFunc
		want  string
	}{
		"serves nothing": {http.NotFound, "404"},
		"breaks off":     {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
		"hangs":          {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "no answer in time"},
		"hangs within": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, "no answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := visitPage(t.Context(), servePage(t, test.serve))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

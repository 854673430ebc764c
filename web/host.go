package web

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// names are those by which the page may be asked for, beside addresses.
func names() []string { return []string{"limpid", "limpid.local", "localhost"} }

// known says whether the page may be asked for by this host, with or without port.
// A foreign site can make a browser believe that its own name is our address (DNS
// rebinding), and then speaks to the page as if it were part of it; but it cannot do
// that with an address, or with a name that it does not own.
func known(hostport string) (host string, ok bool) {
	host = hostport
	if h, port, err := net.SplitHostPort(hostport); err == nil {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return "", false
		}
		host = h
	} else {
		host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return a.String(), true
	}
	host = strings.ToLower(host)
	return host, slices.Contains(names(), host)
}

// onlyKnown refuses requests for other hosts (RFC 9110, 15.5.20).
func onlyKnown(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := known(r.Host); !ok {
			http.Error(w, "This is limpid's page: ask for it by its address, or as limpid.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// redirector is all there is on the plain port: to the same place over HTTPS.
func (p *Page) redirector() http.Handler {
	port := p.securePort()
	return onlyKnown(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _ := known(r.Host)
		if port == 0 {
			http.Error(w, "The page has no port for HTTPS: add one to web.listen.", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Cache-Control", "no-store") // the port may change
		w.Header().Set("Connection", "close")
		path := "/"
		if r.Method == http.MethodGet && strings.HasPrefix(r.URL.RequestURI(), "/") {
			path = r.URL.RequestURI()
		}
		http.Redirect(w, r, "https://"+endpoint{host, port}.address()+path, http.StatusTemporaryRedirect)
	}))
}

const defaultSecurePort = 443

// securePort is the first port that speaks HTTPS, 0 for none.
func (p *Page) securePort() int {
	for _, address := range p.settings.Listen {
		_, text, err := net.SplitHostPort(address)
		if err != nil {
			continue
		}
		if port, err := strconv.Atoi(text); err == nil && port != plainPort {
			return port
		}
	}
	return 0
}

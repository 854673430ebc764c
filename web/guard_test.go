package web

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

func TestOnlyKnownHosts(t *testing.T) {
	p := newPage(t, whole())
	for host, want := range map[string]int{
		"192.0.2.10": 200, "192.0.2.10:8443": 200, "[2001:db8::1]": 200, "[2001:db8::1]:443": 200, "limpid": 200, "LIMPID.local:443": 200, "localhost": 200,
		"attacker.example": 421, "192.0.2.10.attacker.example": 421, "limpid.attacker.example": 421, "": 421, "limpid:http": 421, "192.0.2.10:x": 421,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		r.Host = host
		w := httptest.NewRecorder()
		p.Handler().ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%q: %d, want %d", host, w.Code, want)
		}
	}
}

func TestForeignSitesCannotPost(t *testing.T) {
	b := whole()
	v := owner(t, newPage(t, b))
	for name, headers := range map[string][2]string{
		"cross-site":   {"Sec-Fetch-Site", "cross-site"},
		"same-site":    {"Sec-Fetch-Site", "same-site"},
		"other origin": {"Origin", "https://attacker.example"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://192.0.2.10/bypass", strings.NewReader("for=on"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set(headers[0], headers[1])
		if got := v.do(r); got.StatusCode != http.StatusForbidden || len(b.ordeal) != 0 {
			t.Errorf("%s: %s", name, got.Status)
		}
	}
}

func TestHeaders(t *testing.T) {
	v := &visitor{t: t, handler: newPage(t, whole()).Handler()}
	for _, path := range []string{"/", "/live", "/style.css", "/live.js", "/log", "/log.js", "/pulse.js", "/drill", "/drill.js", "/start", "/start.js", "/live/stream", "/icon.svg", "/nothing"} {
		h := v.get(path).Header
		if !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'") || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, h)
		}
		if strings.Contains(h.Get("Content-Security-Policy"), "unsafe") {
			t.Errorf("%s: %s", path, h.Get("Content-Security-Policy"))
		}
	}
	// The policy forbids what stands in the page itself; and all of it is small.
	whole := v.get("/").text
	for _, forbidden := range []string{"<style", " style=", " onclick", "http://", "https://"} {
		if strings.Contains(strings.TrimPrefix(whole, "HTTP/"), forbidden) {
			t.Errorf("%q is in the page", forbidden)
		}
	}
	size := len(whole)
	for _, path := range []string{"/style.css", "/live.js", "/pulse.js", "/icon.svg"} {
		size += len(v.get(path).text)
	}
	if size > 150<<10 {
		t.Errorf("the first page takes %d bytes", size)
	}
}

func TestLargeFormsAreRefused(t *testing.T) {
	b := whole()
	v := &visitor{t: t, handler: newPage(t, b).Handler()}
	long := strings.Repeat("x", 2*maxForm)
	if r := v.post("/password", field("password", long, "again", long)); r.StatusCode != http.StatusBadRequest || b.hash != "" {
		t.Errorf("%s", r.Status)
	}
}

func TestRedirect(t *testing.T) {
	for name, c := range map[string]struct {
		listen          []string
		host, path, way string
	}{
		"usual":       {[]string{":443", ":80"}, "192.0.2.10", "/live?x=1", "https://192.0.2.10/live?x=1"},
		"IPv6":        {[]string{":80", ":443"}, "[2001:db8::1]:80", "/", "https://[2001:db8::1]/"},
		"other port":  {[]string{":80", "192.0.2.10:8443"}, "limpid", "/", "https://limpid:8443/"},
		"two slashes": {[]string{":443"}, "limpid", "//attacker.example/", "https://limpid//attacker.example/"},
	} {
		s := settings(t)
		s.Listen = c.listen
		p, err := New(s, whole(), nil)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+c.host+c.path, http.NoBody)
		w := httptest.NewRecorder()
		p.redirector().ServeHTTP(w, r)
		if got := w.Header().Get("Location"); w.Code != http.StatusTemporaryRedirect || got != c.way {
			t.Errorf("%s: %d to %q, want %q", name, w.Code, got, c.way)
		}
	}
	p := newPage(t, whole())
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://attacker.example/", http.NoBody)
	w := httptest.NewRecorder()
	p.redirector().ServeHTTP(w, r)
	if w.Code != http.StatusMisdirectedRequest {
		t.Errorf("another host: %d", w.Code)
	}
}

// TestOneCannotTakeAllRoom opens as many connections as one address may, and as many
// again that say nothing: others still get the page.
func TestOneCannotTakeAllRoom(t *testing.T) {
	p := newPage(t, whole())
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := p.Serve(ctx, []net.Listener{listener}); err != nil {
			t.Error(err)
		}
	})
	defer serving.Wait()
	defer cancel()
	refused := make(chan struct{}, 2*maxFromOne)
	one := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 3)}} // not the box itself
	for range 2 * maxFromOne {
		conn, err := one.DialContext(t.Context(), "tcp", listener.Addr().String())
		if err != nil {
			refused <- struct{}{}
			continue
		}
		defer conn.Close()
		go func() {
			_, _ = conn.Read(make([]byte, 1))
			refused <- struct{}{}
		}()
	}
	for range maxFromOne {
		<-refused
	}
	if len(refused) > 0 {
		t.Error("more were refused than there should be")
	}
	other := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	client := &http.Client{Transport: &http.Transport{DialContext: other.DialContext, DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // it is our own
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("https://%s/", listener.Addr()), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(body), "INLINE") {
		t.Errorf("%s, %v: %s", response.Status, err, body)
	}
}

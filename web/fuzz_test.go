package web

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// FuzzPage sends any request to the page and the API, as whoever may most: it is
// answered, and what is wrong is said to be the asker's fault.
func FuzzPage(f *testing.F) {
	for pattern, row := range visits() {
		method, _, _ := strings.Cut(pattern, " ")
		f.Add(method, row.path, row.fields.Encode())
		f.Add(method, row.path+"?as=toml&span=x&limit=-1&after=%00", "as=toml&text=%ff%00&"+url.QueryEscape("key:proxy.port")+"=")
	}
	for operation, row := range apiRows() {
		method, path, _ := strings.Cut(operation, " ")
		path = "/api" + strings.NewReplacer("{id}", "7", "{number}", "2").Replace(path)
		f.Add(method, path, row.body)
		f.Add(method, path+"?limit=&status=bad", row.body+`{"on":[]}`)
	}
	made := newPage(f, guarded()) // what is dear to make
	made.streams.end()            // each says one thing, and is over
	f.Fuzz(func(t *testing.T, method, target, body string) {
		head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: 192.0.2.10\r\nContent-Length: %d\r\n\r\n", method, target, len(body))
		for _, headers := range [][2]string{{"Authorization", "Bearer " + fullToken}, {"Sec-Fetch-Site", "same-origin"}} {
			r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head + body)))
			if err != nil || r.URL.Host != "" {
				return // net/http answers for itself
			}
			b := guarded()
			p := *made
			p.control, p.watcher, p.sessions, p.attempts = b, newWatcher(b, time.Now), newSessions(time.Now), newAttempts(time.Now)
			v := enter(t, &p, holder{owners, "of the owner"})
			r.RemoteAddr = "192.0.2.1:1"
			r.Header.Set(headers[0], headers[1])
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.AddCookie(v.cookie)
			w := timed{httptest.NewRecorder()}
			v.handler.ServeHTTP(w, r.WithContext(t.Context()))
			switch {
			// What is kept in this test is no hash: nobody can log in by it.
			case w.Code == http.StatusServiceUnavailable && strings.Contains(w.Body.String(), "reset it on the console"):
			case w.Code >= 500:
				t.Errorf("%s %q with %q: %d %s", method, target, body, w.Code, w.Body)
			}
		}
	})
}

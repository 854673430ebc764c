package clients

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// programScenarios: the HTTP libraries programs are written with.
func programScenarios() []scenario {
	js, static := "http://"+node, "http://"+nginx
	return []scenario{
		{name: "python requests and urllib", compare: messages, do: func(r *run) {
			r.client("/usr/bin/python3", program("pool.py"), js, static)
			r.expect("pieces 100000")
		}},
		{name: "node agent", compare: requests, do: func(r *run) { // its last response is cut short
			r.client("node", program("agent.js"), js, static)
			r.expect("information 103")
		}},
		{name: "go net/http", compare: messages, do: goClient},
	}
}

// goClient asks from this process with net/http: twelve at once on four
// connections.
func goClient(r *run) {
	transport := &http.Transport{DialContext: r.world.lab.C1.Dialer().DialContext, MaxConnsPerHost: 4, MaxIdleConnsPerHost: 4}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	var mu sync.Mutex
	var wait sync.WaitGroup
	var lines []string
	for i := range 12 {
		wait.Go(func() {
			for j, path := range []string{"/1k.bin", "/100k.bin", "/gzip/text.txt", "/hops/text.txt", "/put/"} {
				line, err := goRequest(r, client, path, i*10+j)
				mu.Lock()
				if lines = append(lines, line); err != nil {
					r.fail(err)
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	slices.Sort(lines)
	r.said.WriteString(strings.Join(lines, "\n"))
}

func goRequest(r *run, client *http.Client, path string, i int) (string, error) {
	method, url, body := http.MethodGet, fmt.Sprintf("http://%s%s?%d", nginx, path, i), io.Reader(nil)
	if path == "/put/" {
		// A reader of unknown size is sent in chunks.
		method, url, body = http.MethodPut, fmt.Sprintf("http://%s/echo?%d", node, i), io.MultiReader(strings.NewReader(strings.Repeat("x", 1000*i)))
	}
	request, err := http.NewRequestWithContext(r.ctx, method, url, body)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return fmt.Sprintf("%s %s %d %d %x", method, url, response.StatusCode, len(content), sha256.Sum256(content)), err
}

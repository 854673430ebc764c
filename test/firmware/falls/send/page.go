package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"time"
)

// sendToPage gives a file to the box's page, as a browser does whose owner has just set
// the password.
func sendToPage(name string) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	client := &http.Client{Jar: jar, Timeout: 10 * time.Minute, Transport: &http.Transport{
		// The box made its certificate itself, a moment ago.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	const page = "https://127.0.0.1"
	ask := func(method, path, kind string, body io.Reader, size int64) (string, error) {
		r, err := http.NewRequestWithContext(context.Background(), method, page+path, body)
		if err != nil {
			return "", err
		}
		r.ContentLength = size
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		response, err := client.Do(r)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err == nil && response.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
		}
		return string(text), err
	}
	form := url.Values{"password": {"a wire is a wire"}, "again": {"a wire is a wire"}}.Encode()
	if _, err := ask(http.MethodPost, "/password", "application/x-www-form-urlencoded", strings.NewReader(form), int64(len(form))); err != nil {
		return err
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	said, err := ask(http.MethodPut, "/api/v1/update/bundle", "application/octet-stream", file, info.Size())
	if err == nil && !strings.Contains(said, `"phase":"ready"`) {
		err = fmt.Errorf("the page took it, and says: %s", said)
	}
	return err
}

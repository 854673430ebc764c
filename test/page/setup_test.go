package page

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
	"limpid/test/lab"
)

// patience is how long anything may take; emulated and shared machines are slow.
const patience = 2 * time.Minute

// address is the box's own.
const address = "10.77.0.50"

// config is patient: a shared machine may stand still for longer than the watchdog
// waits by default, and nothing here is about that.
const config = `
[bridge]
ports = ["eth0", "eth1"]
[management]
address = "10.77.0.50/16"
[watchdog]
interval = "1s"
timeout = "30s"
`

const password = "a wire is a wire"

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// box is a lab whose box is inline, with a folder for credentials.
type box struct {
	*lab.Lab
	limpid      *lab.Limpid
	credentials string
}

func inline(t *testing.T) *box {
	t.Helper()
	return inlineWith(t, config)
}

// inlineWith is inline with settings of its own.
func inlineWith(t *testing.T, config string) *box {
	t.Helper()
	b := &box{Lab: lab.New(t), credentials: t.TempDir()}
	var err error
	b.limpid, err = b.StartLimpid(t.Context(), config, "--credentials", b.credentials)
	must(t, err)
	must(t, b.limpid.WaitMode("inline", patience))
	return b
}

// eventually waits for what has no event to wait on.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// visitor is somebody with a browser of the simplest kind, who follows no redirect.
type visitor struct {
	http        *http.Client
	fingerprint string // of the certificate seen last
}

func (b *box) visitor(t *testing.T, from *lab.Node) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	v := &visitor{}
	dialer := from.Dialer()
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, address)
		},
		TLSClientConfig: &tls.Config{
			InsecureSkipVerify: true, //nolint:gosec // the fingerprint is looked at instead, as people do
			VerifyConnection: func(s tls.ConnectionState) error {
				v.fingerprint = control.Fingerprint(s.PeerCertificates[0].Raw)
				return nil
			},
		},
	}
	v.http = &http.Client{Jar: jar, Transport: transport, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(transport.CloseIdleConnections)
	return v
}

// get fetches a page, and its text.
func (v *visitor) get(ctx context.Context, place string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, place, nil)
	if err != nil {
		return answer{}, err
	}
	return v.do(request)
}

// post sends a form as a browser does.
func (v *visitor) post(ctx context.Context, place string, fields ...string) (answer, error) {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, place, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	return v.do(request)
}

// answer is what came back.
type answer struct {
	code   int
	header http.Header
	text   string
}

func (v *visitor) do(r *http.Request) (answer, error) {
	response, err := v.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(text)}, err
}

// awaitPage waits until the page answers.
func (b *box) awaitPage(t *testing.T, v *visitor, place string) string {
	t.Helper()
	var text string
	eventually(t, "the page answers", func() bool {
		got, err := v.get(t.Context(), place)
		text = got.text
		return err == nil && got.code == http.StatusOK
	})
	return text
}

// anew does what has the page's process start anew, and waits until it has.
func (b *box) anew(t *testing.T, do func()) {
	t.Helper()
	web, err := b.limpid.ChildPID(t.Context(), "web")
	must(t, err)
	do()
	eventually(t, "the page to start anew", func() bool {
		now, err := b.limpid.ChildPID(t.Context(), "web")
		return err == nil && now != web
	})
}

// reset forgets the password as the console of the box does.
func (b *box) reset(t *testing.T) {
	t.Helper()
	must(t, os.Remove(filepath.Join(b.credentials, "password")))
}

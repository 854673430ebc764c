package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"limpid/appliance/control"
)

// read has tshark print of each frame: the port of the box, sender and receiver.
func read(t *testing.T, path string) string {
	t.Helper()
	var said bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "tshark", "-n", "-r", path, "-T", "fields", "-e", "frame.interface_name", "-e", "ip.src", "-e", "tcp.srcport", "-e", "ip.dst", "-e", "tcp.dstport")
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil || strings.Contains(said.String(), "cut short") {
		t.Fatalf("tshark: %v: %s", err, said.String())
	}
	return string(out)
}

// exchange has a client ask a server, and gives the client's port.
func (b *box) exchange(t *testing.T) int {
	t.Helper()
	conn, err := b.C2.Dial(t.Context(), "tcp", "", "10.80.0.2:80")
	must(t, err)
	defer conn.Close()
	_, err = fmt.Fprint(conn, "GET /bytes/20000 HTTP/1.1\r\nHost: origin\r\nConnection: close\r\n\r\n")
	must(t, err)
	var answer bytes.Buffer
	_, err = answer.ReadFrom(conn)
	must(t, err)
	if answer.Len() < 20000 {
		t.Fatalf("the server answered with %d bytes", answer.Len())
	}
	at, ok := conn.LocalAddr().(*net.TCPAddr)
	if !ok {
		t.Fatalf("%v", conn.LocalAddr())
	}
	return at.Port
}

// recorded holds a capture to a flow that crossed, and to the page's own traffic,
// which it must not have.
func recorded(t *testing.T, path string, port int) {
	t.Helper()
	text := read(t, path)
	for _, side := range []string{"client", "server"} {
		for _, want := range []string{fmt.Sprintf(`%s\t10\.\S+\t%d\t10\.80\.0\.2\t80\n`, side, port), fmt.Sprintf(`%s\t10\.80\.0\.2\t80\t10\.\S+\t%d\n`, side, port)} {
			if !regexp.MustCompile(want).MatchString(text) {
				t.Errorf("no frame is like %q in %s", want, text)
			}
		}
	}
	if strings.Contains(text, address) {
		t.Errorf("frames of the page itself were recorded:\n%s", text)
	}
}

// TestPageCaptures begins, stops and takes a capture by the simplest of browsers.
func TestPageCaptures(t *testing.T) {
	b := inline(t)
	_, err := b.S2.HTTPOrigin(":80")
	must(t, err)
	v := b.visitor(t, b.C1)
	b.awaitPage(t, v, root)
	expect(t, v, http.StatusForbidden, "capture")
	expect(t, v, http.StatusSeeOther, "password", "password", password, "again", password)
	expect(t, v, http.StatusBadRequest, "capture", "host", "example.net")
	expect(t, v, http.StatusSeeOther, "capture", "side", "both", "for", "10m", "size", "64")
	expect(t, v, http.StatusConflict, "capture", "for", "10s")
	port := b.exchange(t)
	var text string
	eventually(t, "the page counts", func() bool {
		text = b.awaitPage(t, v, root+"capture")
		return !strings.Contains(text, "<dt>Frames</dt><dd>0</dd>") && strings.Contains(text, "Recording")
	})
	stop := regexp.MustCompile(`action="/(capture/\d+/)stop"`).FindStringSubmatch(text)
	if stop == nil {
		t.Fatalf("nothing stops it: %s", text)
	}
	expect(t, v, http.StatusSeeOther, stop[1]+"stop")
	if text = b.awaitPage(t, v, root+"capture"); !strings.Contains(text, "until it was stopped") || !strings.Contains(text, stop[1]+"file") {
		t.Errorf("after it was stopped: %s", text)
	}
	got, err := v.get(t.Context(), root+stop[1]+"file")
	must(t, err)
	if got.code != http.StatusOK || got.header.Get("Content-Type") != "application/x-pcapng" || !strings.Contains(got.header.Get("Content-Disposition"), ".pcapng") {
		t.Fatalf("download: %d, %v", got.code, got.header)
	}
	path := filepath.Join(t.TempDir(), "page.pcapng")
	must(t, os.WriteFile(path, []byte(got.text), 0o600))
	recorded(t, path, port)

	stranger := b.visitor(t, b.C3)
	if got, err := stranger.get(t.Context(), root+stop[1]+"file"); err != nil || got.code != http.StatusForbidden {
		t.Errorf("a stranger gets %d, %v", got.code, err)
	}
	expect(t, v, http.StatusSeeOther, stop[1]+"forget")
	if got, err := v.get(t.Context(), root+stop[1]+"file"); err != nil || got.code != http.StatusConflict {
		t.Errorf("a capture that was forgotten: %d, %v", got.code, err)
	}
	// While the page records, the command line is refused.
	expect(t, v, http.StatusSeeOther, "capture", "for", "10m")
	if _, err := b.limpid.Run(t.Context(), "capture"); err == nil || !strings.Contains(err.Error(), "there is one already, begun by 10.") {
		t.Errorf("the command line while the page records: %v", err)
	}
	stillInline(t, b)
}

// TestAPICaptures has a program record by its token, take the file with curl while it grows,
// and end it; a token that only reads gets nothing of it.
func TestAPICaptures(t *testing.T) {
	b := inline(t)
	_, err := b.S2.HTTPOrigin(":80")
	must(t, err)
	v := b.visitor(t, b.C1)
	b.awaitPage(t, v, root)
	expect(t, v, http.StatusSeeOther, "password", "password", password, "again", password)
	graphs, robot := b.program(t, token(t, v, "graphs", "read")), b.program(t, token(t, v, "robot", "full"))
	var c control.PacketCapture
	must(t, json.Unmarshal([]byte(robot.expect("200", "/v1/capture", "-d", `{"for":"10m","who":"10.0.0.1"}`)), &c))
	if want := "token robot, " + b.C1.IP4().String(); c.Who != want || !c.Running {
		t.Errorf("begun: %+v; want it to be by %s", c, want)
	}
	file := fmt.Sprintf("/v1/capture/%d/file", c.ID)
	graphs.expect("403", file)
	robot.expect("400", fmt.Sprintf("/v1/capture/%d/file", c.ID+1))
	path := filepath.Join(t.TempDir(), "api.pcapng")
	var said bytes.Buffer
	curl := robot.command(file, "-o", path, "--no-buffer")
	curl.Stdout = &said
	must(t, curl.Start())
	taken := make(chan error, 1)
	go func() { taken <- curl.Wait() }()
	port := b.exchange(t)
	// What was recorded is there before the end is.
	eventually(t, "the file grows", func() bool {
		info, err := os.Stat(path)
		return err == nil && info.Size() > 20000
	})
	select {
	case err := <-taken:
		t.Fatalf("curl has ended, and the capture goes on: %v, %s", err, said.String())
	default:
	}
	robot.expect("200", fmt.Sprintf("/v1/capture/%d/stop", c.ID), "-X", "POST")
	if err := <-taken; err != nil || strings.TrimSpace(said.String()) != "200" {
		t.Fatalf("curl: %v, %s", err, said.String())
	}
	recorded(t, path, port)
	// It is there for another one, whole, until it is forgotten.
	again := filepath.Join(t.TempDir(), "again.pcapng")
	robot.expect("200", file, "-o", again)
	first, err := os.ReadFile(path)
	must(t, err)
	second, err := os.ReadFile(again)
	must(t, err)
	if !bytes.Equal(first, second) {
		t.Errorf("taken as it grew it has %d bytes, and afterwards %d, or others", len(first), len(second))
	}
	robot.expect("200", fmt.Sprintf("/v1/capture/%d", c.ID), "-X", "DELETE")
	robot.expect("400", file)
	stillInline(t, b)
}

// TestBrowserCaptures does so in Chromium, which counts and offers the file by itself.
func TestBrowserCaptures(t *testing.T) {
	b := inline(t)
	_, err := b.S2.HTTPOrigin(":80")
	must(t, err)
	b.awaitPage(t, b.visitor(t, b.C1), root)
	p := b.person(t)
	p.enter()
	must(t, p.Go(p.ctx, root+"capture"))
	p.await("[...document.querySelectorAll('nav a')].some(a => a.textContent == 'Capture' && a.getAttribute('aria-current') == 'page')")
	p.picture("capture")
	p.press("Start")
	p.await("document.querySelector('#captured h2')?.textContent == 'Recording'")
	p.do("window.same = true")
	port := b.exchange(t)
	p.await("window.same && Number(document.querySelector('#captured dd').textContent.replace(/\\D/g, '')) >= 8")
	p.picture("capture-recording")
	p.press("Stop")
	p.await("!window.same && document.querySelector('#captured h2')?.textContent == 'Recorded, until it was stopped'")
	p.picture("capture-recorded")
	// The browser may take it: the answer is whole, and of the right kind.
	var got struct{ Type, Text string }
	p.do("fetch(document.querySelector('#captured a[download]').href).then(async r => { const b = new Uint8Array(await r.arrayBuffer()); window.got = JSON.stringify({Type: r.headers.get('Content-Type'), Text: Array.from(b, x => x.toString(16).padStart(2, '0')).join('')}) })")
	p.await("window.got")
	must(t, p.Eval(p.ctx, "JSON.parse(window.got)", &got))
	var data []byte
	_, err = fmt.Sscanf(got.Text, "%x", &data)
	must(t, err)
	path := filepath.Join(t.TempDir(), "browser.pcapng")
	must(t, os.WriteFile(path, data, 0o600))
	if got.Type != "application/x-pcapng" {
		t.Errorf("it is of type %s", got.Type)
	}
	recorded(t, path, port)
}

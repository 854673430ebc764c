package page

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
)

// stream opens one, and reads its first event if there is one.
func (v *visitor) stream(t *testing.T) (code int, line string, body io.ReadCloser) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, root+"live/stream", http.NoBody)
	must(t, err)
	response, err := v.http.Do(request)
	must(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	line, err = bufio.NewReader(response.Body).ReadString('\n')
	must(t, err)
	return response.StatusCode, line, response.Body
}

// TestStreamsLeaveRoom opens as many streams as one address may have, and more: whoever
// is there still gets the page, and switches.
func TestStreamsLeaveRoom(t *testing.T) {
	b := inline(t)
	var owners []*visitor
	for range 3 {
		v := b.visitor(t, b.C1)
		v.http.Timeout = 0 // a stream takes its time
		owners = append(owners, v)
	}
	b.awaitPage(t, owners[0], root)
	expect(t, owners[0], http.StatusSeeOther, "password", "password", password, "again", password)
	for _, v := range owners[1:] {
		expect(t, v, http.StatusSeeOther, "login", "password", password)
	}
	var open []io.ReadCloser
	refused := 0
	for _, v := range owners {
		for range 4 {
			switch code, line, body := v.stream(t); {
			case code == http.StatusOK && strings.HasPrefix(line, `data: {"stamp":`):
				open = append(open, body)
			case code == http.StatusServiceUnavailable:
				refused++
			default:
				t.Fatalf("%d: %s", code, line)
			}
		}
	}
	// Three of each of the first two sessions, and two of the last.
	if len(open) != 8 || refused != 4 {
		t.Errorf("%d streams are open, %d were refused", len(open), refused)
	}
	stranger := b.visitor(t, b.C1)
	if got, err := stranger.get(t.Context(), root+"live/stream"); err != nil || got.code != http.StatusForbidden {
		t.Errorf("a stranger gets %d, %v", got.code, err)
	}
	expect(t, stranger, http.StatusSeeOther, "login", "password", password)
	expect(t, stranger, http.StatusSeeOther, "bypass", "for", "10m")
	must(t, b.limpid.WaitMode("bypass", patience))
	expect(t, stranger, http.StatusSeeOther, "bypass", "for", "off")
	b.awaitPage(t, b.visitor(t, b.C2), root)
	// Who goes away leaves room, and who logs out has no stream.
	must(t, open[0].Close())
	eventually(t, "there is room again", func() bool {
		code, _, _ := stranger.stream(t)
		return code == http.StatusOK
	})
	expect(t, owners[1], http.StatusSeeOther, "logout")
	if _, err := io.Copy(io.Discard, open[3]); err != nil {
		t.Errorf("the stream of a session that has ended: %v", err)
	}
}

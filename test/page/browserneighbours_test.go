package page

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"limpid/test/lab"
)

// lldp is a frame of a system at a port of its own.
func lldp(last byte, name, port, description string, seconds byte) []byte {
	value := func(kind byte, text string) string { return string([]byte{kind << 1, byte(len(text))}) + text }
	return []byte("\x01\x80\xc2\x00\x00\x0e\x02\x77\x00\x00\x01" + string([]byte{last}) + "\x88\xcc" + value(1, "\x07"+name) + value(2, "\x05"+port) +
		value(3, string([]byte{0, seconds})) + value(4, description) + value(5, name) + strings.Repeat("\x00", 30))
}

// TestBrowserShowsNeighbours names those who speak at each end, under that end, to
// whoever has logged in; a name that is hostile is only a text.
func TestBrowserShowsNeighbours(t *testing.T) {
	b := inline(t)
	p := b.person(t)
	b.awaitPage(t, b.visitor(t, b.C1), root)
	speak := func(from *lab.Node, frames ...[]byte) { must(t, from.Inject("box", frames...)) }
	p.enter()
	p.says("INLINE")
	p.await("!document.querySelector('.beside')")
	const long = "a-server-whose-name-is-as-long-as-a-name-may-be-and-has-no-place-to-break-at.example.net"
	speak(b.LANSwitch, lldp(1, "access-1", "Gi1/0/7", "to limpid", 120), lldp(3, "<img src=x onerror=alert(1)>", "<b>1</b>", "", 120))
	speak(b.WANSwitch, lldp(2, long, "swp9", "uplink of the office", 120))
	end := func(place, name, port string) string {
		return fmt.Sprintf("[...document.querySelectorAll('.beside ul[aria-label*=%s] li')].some(l => l.firstChild.data == %q && l.querySelector('small').textContent == %q && /seen \\d+ s ago$/.test(l.title))",
			place, name, "port "+port)
	}
	p.await(end("clients", "access-1", "Gi1/0/7"))
	p.await(end("clients", "<img src=x onerror=alert(1)>", "<b>1</b>"))
	p.await(end("servers", long, "swp9"))
	p.await("document.querySelectorAll('.beside li').length == 3 && document.querySelector('.beside .far li').title.startsWith('uplink of the office, seen ')")
	p.await("!document.querySelector('.beside img') && (r => r[0].right <= r[1].left)([...document.querySelectorAll('.beside ul')].map(u => u.getBoundingClientRect()))")
	p.picture("neighbours")

	stranger := b.visitor(t, b.C2)
	for _, path := range []string{"", "live"} {
		if got, err := stranger.get(t.Context(), root+path); err != nil || got.code != http.StatusOK || strings.Contains(got.text, "access-1") || strings.Contains(got.text, "swp9") {
			t.Errorf("strangers are told at /%s: %v, %s", path, err, got.text)
		}
	}
	if got, err := stranger.get(t.Context(), root+"api/v1/neighbours"); err != nil || got.code != http.StatusUnauthorized {
		t.Errorf("strangers ask the API: %d %s, %v", got.code, got.text, err)
	}

	// The page follows by itself.
	speak(b.LANSwitch, lldp(1, "access-1", "Gi1/0/7", "", 0), lldp(3, "<img src=x onerror=alert(1)>", "<b>1</b>", "", 0))
	begun := time.Now()
	p.await("document.querySelectorAll('.beside li').length == 1 && !document.querySelector('.beside ul[aria-label*=clients]')")
	t.Logf("the page has followed within %v", time.Since(begun))
}

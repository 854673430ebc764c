package page

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"limpid/test/lab"
)

// TestPageHoldsNothing looks at the process as the kernel sees it.
func TestPageHoldsNothing(t *testing.T) {
	b := inline(t)
	b.awaitPage(t, b.visitor(t, b.C1), root)
	pid, err := b.limpid.ChildPID(t.Context(), "web")
	must(t, err)
	said := proc(t, pid, "status") + proc(t, pid, "limits") + "oom " + proc(t, pid, "oom_score_adj")
	words := strings.Join(strings.Fields(said), " ")
	for _, want := range []string{
		"Uid: 64103 64103 64103 64103", "Gid: 64103 64103 64103 64103", "NoNewPrivs: 1",
		"CapInh: 0000000000000000 CapPrm: 0000000000000000 CapEff: 0000000000000000", "CapAmb: 0000000000000000",
		"Max open files 512 512", "Max file size 0 0", "Max core file size 0 0", "Max data size 536870912 536870912", "Max processes 256 256",
		"oom 1000",
	} {
		if !strings.Contains(words, want) {
			t.Errorf("%q is not in %s", want, words)
		}
	}
	// Nothing is hung up while it is stopped, and it is started again by itself.
	must(t, syscall.Kill(pid, syscall.SIGSTOP))
	eventually(t, "a page that hangs is started again", func() bool {
		now, err := b.limpid.ChildPID(t.Context(), "web")
		return err == nil && now != pid
	})
	b.awaitPage(t, b.visitor(t, b.C1), root)
	stillInline(t, b)
}

func proc(t *testing.T, pid int, name string) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
	must(t, err)
	return string(text)
}

// flooders ask as fast as they are answered; talkers connect and say half a line.
const (
	flooders = 16
	talkers  = 200
	answers  = 2000 // in all, before the flood ends
)

// TestPageIsFlooded floods the page from one client: those of the wire do not notice,
// and another one still gets the page.
func TestPageIsFlooded(t *testing.T) {
	b := inline(t)
	_, err := b.S2.HTTPOrigin(":80")
	must(t, err)
	b.awaitPage(t, b.visitor(t, b.C1), root)
	before, err := b.limpid.Status(t.Context())
	must(t, err)
	load := lab.Load{
		Rate: 20, Timeout: patience, Do: lab.Get("/bytes/20000"),
		Dial: func(ctx context.Context) (*net.TCPConn, error) { return b.C2.Dial(ctx, "tcp", "", "10.80.0.2:80") },
	}.Start(t.Context())
	b.flood(t)
	if text := b.awaitPage(t, b.visitor(t, b.C3), root); !strings.Contains(text, "INLINE") {
		t.Errorf("another client gets %s", text)
	}
	report := load.Stop()
	after, err := b.limpid.Status(t.Context())
	must(t, err)
	if report.Count() == 0 || report.Failures() != 0 {
		t.Errorf("clients have noticed: %v", report)
	}
	if after.Mode != "inline" || !after.Since.Equal(before.Since) || after.Proxy != before.Proxy || after.Gate != before.Gate || after.Web.Child != before.Web.Child {
		t.Errorf("before %s\nafter %s", before.Raw, after.Raw)
	}
}

// flood comes from one client, and leaves its slow connections open until the test ends.
func (b *box) flood(t *testing.T) {
	t.Helper()
	var asking sync.WaitGroup
	for range flooders {
		v := b.visitor(t, b.C1)
		asking.Go(func() {
			for range answers / flooders {
				if got, err := v.get(t.Context(), root+"live"); err != nil || got.code != 200 {
					t.Errorf("a flooder within its bounds: %d, %v", got.code, err)
					return
				}
			}
		})
	}
	asking.Wait()
	refused := 0
	for range talkers {
		conn, err := b.C1.Dial(t.Context(), "tcp", "", address+":443")
		if err != nil {
			refused++
			continue
		}
		t.Cleanup(func() { _ = conn.Close() })
		secure := tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // nothing is said over it
		if secure.HandshakeContext(t.Context()) != nil {
			refused++
			continue
		}
		_, _ = secure.Write([]byte("GET / HT"))
	}
	if refused == 0 {
		t.Errorf("none of %d slow connections of one client was refused", talkers)
	}
}

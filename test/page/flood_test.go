package page

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"limpid/test/lab"
)

// The flood: connections a second, each with a handshake and a question of its own,
// and clients that say a byte now and then and come back when they are sent away.
const (
	floodRate    = 500
	floodTime    = 20 * time.Second
	quietTime    = 5 * time.Second
	slowClients  = 48
	proxiedRate  = 100
	proxiedBytes = 20000
)

// TestFloodIsNotNoticed floods page and API, and has slow clients hold what they are
// given, while requests go through the proxy: each of them succeeds, and no process of
// limpid ends, the page's included. How long the requests take is told, beside how long
// they do without a flood.
func TestFloodIsNotNoticed(t *testing.T) {
	b := inline(t)
	_, err := b.S2.HTTPOrigin(":80")
	must(t, err)
	v := b.visitor(t, b.C1)
	b.awaitPage(t, v, root)
	expect(t, v, http.StatusSeeOther, "password", "password", password, "again", password)
	graphs := token(t, v, "graphs", "read")
	before, err := b.limpid.Status(t.Context())
	must(t, err)

	load := lab.Load{
		Rate: proxiedRate, Timeout: patience, Do: lab.Get(fmt.Sprintf("/bytes/%d", proxiedBytes)),
		Dial: func(ctx context.Context) (*net.TCPConn, error) { return b.C2.Dial(ctx, "tcp", "", "10.80.0.2:80") },
	}
	quiet := load.Run(t.Context(), quietTime)
	proxied := load.Start(t.Context())
	ctx, cancel := context.WithCancel(t.Context())
	var slow sync.WaitGroup
	var held atomic.Int64
	for i := range slowClients {
		slow.Go(func() { b.beSlow(ctx, i%2 == 0, &held) })
	}
	var asked atomic.Int64
	var answered [4]atomic.Int64
	flood := lab.Load{
		Rate: floodRate, Timeout: 10 * time.Second, Reset: true,
		Dial: func(ctx context.Context) (*net.TCPConn, error) { return b.C1.Dial(ctx, "tcp", "", address+":443") },
		Do: func(_ context.Context, conn *net.TCPConn) (int64, error) {
			kind := asked.Add(1) % 4
			n, err := question(conn, [...]string{
				"GET /live HTTP/1.1\r\n",
				"GET /api/v1/status HTTP/1.1\r\nAuthorization: Bearer " + graphs + "\r\n",
				"GET /settings/confirm?token=guess HTTP/1.1\r\n",
				"GET /log HTTP/1.1\r\n", // not for strangers
			}[kind])
			if err == nil {
				answered[kind].Add(1)
			}
			return n, err
		},
	}.Run(t.Context(), floodTime)
	cancel()
	slow.Wait()
	report := proxied.Stop()

	after, err := b.limpid.Status(t.Context())
	must(t, err)
	t.Logf("%d connections to the page: %d pages, %d statuses and %d confirmations answered, %d refused; %d times a slow client was held; %d requests through the proxy, %d failed, %d bytes",
		flood.Count(), answered[0].Load(), answered[1].Load(), answered[2].Load(), flood.Failures(), held.Load(), report.Count(), report.Failures(), report.Bytes())
	for name, r := range map[string]lab.Report{"before the flood": quiet, "in it": report} {
		t.Logf("requests through the proxy %s: half within %v, 99 of 100 within %v", name, r.Within(0.5), r.Within(0.99))
	}
	if report.Count() == 0 || report.Failures() != 0 || report.Bytes() != int64(report.Count())*proxiedBytes {
		t.Errorf("clients of the wire have noticed: %v", report)
	}
	if flood.Count() < floodRate*int(floodTime/time.Second)*9/10 || answered[0].Load() == 0 || answered[1].Load() == 0 || held.Load() < slowClients/2 {
		t.Errorf("that was no flood: %v", flood)
	}
	if after.Mode != "inline" || !after.Since.Equal(before.Since) || after.Proxy != before.Proxy || after.Gate != before.Gate || after.LastGap != before.LastGap || after.Web.Child != before.Web.Child {
		t.Errorf("before %s\nafter %s", before.Raw, after.Raw)
	}
	if text := b.awaitPage(t, b.visitor(t, b.C3), root); text == "" {
		t.Error("the page is gone")
	}
}

// question asks over a connection of its own.
func question(conn net.Conn, head string) (int64, error) {
	secure := tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // nothing is told over it that matters
	if _, err := io.WriteString(secure, head+"Host: "+address+"\r\nConnection: close\r\n\r\n"); err != nil {
		return 0, err
	}
	response, err := http.ReadResponse(bufio.NewReader(secure), nil)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	n, err := io.Copy(io.Discard, response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	return n, err
}

// beSlow connects again and again, and says a head, or a form, byte by byte.
func (b *box) beSlow(ctx context.Context, body bool, held *atomic.Int64) {
	text := "GET / HTTP/1.1\r\nHost: " + address + "\r\nX-Slow: "
	if body {
		text = "POST /login HTTP/1.1\r\nHost: " + address + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 4000\r\n\r\n"
	}
	for ctx.Err() == nil {
		conn, err := b.C3.Dial(ctx, "tcp", "", address+":443")
		if err != nil {
			continue
		}
		secure := tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // nothing is told over it
		if secure.HandshakeContext(ctx) == nil {
			held.Add(1)
			_, err = io.WriteString(secure, text)
			for err == nil && ctx.Err() == nil {
				time.Sleep(200 * time.Millisecond)
				_, err = secure.Write([]byte("x"))
			}
		}
		_ = conn.Close()
		// Who is sent away at once comes back, but not as fast as it can.
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

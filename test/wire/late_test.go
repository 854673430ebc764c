package wire

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"limpid/test/lab"
)

// TestLastSegmentMayBeLost loses the last segments of a response, FIN and all, on
// the way to a client that has sent its own FIN long before: both legs are over for
// all that can be seen, and still the box has to send again what was lost.
func TestLastSegmentMayBeLost(t *testing.T) {
	const size = 3000
	l, p := inline(t, basic)
	goOn := make(chan struct{})
	_, err := l.S1.Serve(":80", func(_ context.Context, conn *net.TCPConn) {
		_, _ = io.Copy(io.Discard, conn)
		<-goOn
		_, _ = io.Copy(conn, lab.Content(size).Reader())
	})
	must(t, err)
	conn := dial(t, l.C1, "10.77.0.101:80")
	_, err = conn.Write([]byte("\x00"))
	must(t, err)
	must(t, conn.CloseWrite())
	nft(t, l.C1, "table inet lossy { chain input { type filter hook input priority 0; tcp sport 80 counter drop; }; }")
	close(goOn)
	// Far longer than a flow that is over keeps its slot.
	eventually(t, "the flow to be over", func() bool { return status(t, p).Flows.Active == 0 })
	time.Sleep(4 * time.Second)
	nft(t, l.C1, "delete table inet lossy")
	must(t, conn.SetReadDeadline(time.Now().Add(time.Minute)))
	if n, err := lab.Content(size).Verify(conn); err != nil {
		t.Errorf("after %d bytes of %d: %v", n, size, err)
	}
}

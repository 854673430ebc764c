package wire

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"limpid/test/lab"
)

// startTime is how long limpid may take to be inline; emulated machines are slow.
const startTime = 30 * time.Second

// basic is a configuration without an address on the bridge.
const basic = `
[bridge]
ports = ["eth0", "eth1"]
[management]
address = "none"
`

// inVM says that the kernel has broute, the SYN queue, VLANs and netem.
func inVM() bool { return os.Getenv("LIMPID_VM") == "1" }

// slow says that nothing can be told from times: processor or limpid are many
// times slower than usual.
func slow() bool { return inVM() || raced() }

// raced says that limpid runs under the race detector, and so takes its time.
func raced() bool { return os.Getenv(lab.EnvRace) == "1" }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// inline builds a lab whose box is inline.
func inline(t *testing.T, config string, extra ...string) (*lab.Lab, *lab.Limpid) {
	t.Helper()
	l := lab.New(t)
	p, err := l.StartLimpid(t.Context(), config, extra...)
	must(t, err)
	must(t, p.WaitMode("inline", startTime))
	return l, p
}

func run(t *testing.T, p *lab.Limpid, args ...string) {
	t.Helper()
	_, err := p.Run(t.Context(), args...)
	must(t, err)
}

func bypass(t *testing.T, p *lab.Limpid) {
	t.Helper()
	run(t, p, "bypass", "on")
	must(t, p.WaitMode("bypass", startTime))
}

func unbypass(t *testing.T, p *lab.Limpid) {
	t.Helper()
	run(t, p, "bypass", "off")
	must(t, p.WaitMode("inline", startTime))
}

func status(t *testing.T, p *lab.Limpid) lab.Status {
	t.Helper()
	s, err := p.Status(t.Context())
	must(t, err)
	return s
}

func dial(t *testing.T, from *lab.Node, to string) *net.TCPConn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := from.Dial(ctx, "tcp", "", to)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	must(t, conn.SetDeadline(time.Now().Add(2*time.Minute)))
	return conn
}

// get makes one request on an open connection and checks its body.
func get(t *testing.T, conn *net.TCPConn, size int) {
	t.Helper()
	if err := fetch(conn, fmt.Sprintf("/bytes/%d", size), size); err != nil {
		t.Fatal(err)
	}
}

// fetch makes one request of an origin and leaves the connection open for more.
func fetch(conn *net.TCPConn, path string, size int) error {
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: origin\r\n\r\n", path); err != nil {
		return fmt.Errorf("send request: %w", err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return fmt.Errorf("read response: %w", err)
	}
	defer resp.Body.Close()
	n, err := lab.Content(size).Verify(resp.Body)
	if err != nil {
		return fmt.Errorf("read body, %d bytes of %d: %w", n, size, err)
	}
	return nil
}

func origin(t *testing.T, n *lab.Node) *lab.Origin {
	t.Helper()
	o, err := n.HTTPOrigin(":80")
	must(t, err)
	return o
}

// nft runs a script in a node, which may lose frames by it.
func nft(t *testing.T, n *lab.Node, script string) {
	t.Helper()
	if out, err := n.Command(t.Context(), "nft", script).CombinedOutput(); err != nil {
		t.Fatalf("nft %s: %v: %s", script, err, out)
	}
}

// eventually waits for something that has no event to wait on.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(startTime); ; time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, startTime)
		}
	}
}

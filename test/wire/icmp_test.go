package wire

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"limpid/test/lab"
)

// received counts ICMP errors that the box itself was given, by the kernel's names:
// both families together.
func received(t *testing.T, l *lab.Lab) (unreachable, tooBig int) {
	t.Helper()
	out, err := l.Box.Command(t.Context(), "sh", "-c", "cat /proc/self/net/snmp6; cat /proc/self/net/snmp").Output()
	must(t, err)
	number := func(text string) int {
		n, err := strconv.Atoi(text)
		must(t, err)
		return n
	}
	var names []string
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		words := strings.Fields(lines.Text())
		switch {
		case words[0] == "Icmp6InDestUnreachs":
			unreachable += number(words[1])
		case words[0] == "Icmp6InPktTooBigs":
			tooBig += number(words[1])
		case words[0] == "Icmp:" && names == nil:
			names = words
		case words[0] == "Icmp:":
			for i, name := range names {
				if name == "InDestUnreachs" { // of IPv4, too big is one of them
					unreachable += number(words[i])
				}
			}
		}
	}
	if names == nil {
		t.Fatalf("no ICMP counters in:\n%s", out)
	}
	return unreachable, tooBig
}

// TestPathOfSmallerPacketsIsLearned has a router further on take smaller packets than
// the wire does. What it says of that is about segments of the box's, so the box must
// be told; the client, whose packets these never were, hears nothing.
func TestPathOfSmallerPacketsIsLearned(t *testing.T) {
	const size = 1 << 20
	for name, server := range map[string]string{"IPv4": "10.80.0.2:80", "IPv6": "[fd80::2]:80"} {
		t.Run(name, func(t *testing.T) {
			l, p := inline(t, basic)
			if out, err := l.R1.Command(t.Context(), "ip", "link", "set", "net0", "mtu", "1280").CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			arrived := make(chan error, 1)
			_, err := l.S2.Serve(":80", func(_ context.Context, conn *net.TCPConn) {
				_, err := conn.Read(make([]byte, 1))
				if err == nil {
					_, err = lab.Content(size).Verify(conn)
				}
				arrived <- err
			})
			must(t, err)
			heard, err := l.LANSwitch.Capture("box", lab.Toward(lab.ToClients), lab.ICMP())
			must(t, err)
			unreachable, tooBig := received(t, l)
			conn := dial(t, l.C1, server)
			_, err = conn.Write([]byte("\x00"))
			must(t, err)
			_, err = io.Copy(conn, lab.Content(size).Reader())
			must(t, err)
			must(t, conn.CloseWrite())
			must(t, <-arrived)
			if got := status(t, p).Flows.Captured; got != 1 {
				t.Errorf("%d flows were captured, want 1", got)
			}
			u, b := received(t, l)
			if u-unreachable+b-tooBig == 0 {
				t.Error("the box was told of no smaller packets")
			}
			frames, err := heard.Stop()
			must(t, err)
			for _, f := range frames {
				t.Errorf("the client heard %v", f)
			}
		})
	}
}

// TestUnreachableServerIsSaidAtOnce has a router say that there is no way to the
// server of a connection that is answered before.
func TestUnreachableServerIsSaidAtOnce(t *testing.T) {
	for name, server := range map[string]string{"IPv4": "10.80.255.1:80", "IPv6": "[fd80:ff::1]:80"} { // in lab.Refused
		t.Run(name, func(t *testing.T) {
			l, p := inline(t, basic+"[intercept]\nhandshake = \"accept\"\n")
			before, _ := received(t, l)
			for status(t, p).Flows.Captured == 0 { // else it was in bypass at that moment, on a busy machine
				must(t, p.WaitMode("inline", startTime))
				if err := greet(t, l.C1, server); !errors.Is(err, syscall.ECONNRESET) && status(t, p).Flows.Captured > 0 {
					t.Errorf("the client heard %v, want a reset", err)
				}
			}
			if after, _ := received(t, l); after == before {
				t.Error("the box was told nothing")
			}
		})
	}
}

// greet connects and waits for a word, for less than a SYN is given up after (two
// minutes).
func greet(t *testing.T, from *lab.Node, to string) error {
	t.Helper()
	ctx := within(t, 20*time.Second)
	conn, err := from.Dial(ctx, "tcp", "", to)
	if err != nil {
		return err // a reset may be quicker than connect
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	must(t, conn.SetReadDeadline(deadline))
	_, err = conn.Read(make([]byte, 1))
	return err
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// A short run of everything.
func TestShortSoak(t *testing.T) {
	o := settings{handshake: "auto", connections: 600, addresses: 60, soak: 15 * time.Second, warm: 2 * time.Second, rate: 200, openRate: 300, large: 1 << 20, patience: time.Minute, seed: 1}
	if err := run(t.Context(), o, testLog{t}); err != nil {
		t.Error(err)
	}
}

// testLog writes lines to the test's log.
type testLog struct{ t *testing.T }

func (l testLog) Write(line []byte) (int, error) {
	l.t.Log(strings.TrimRight(string(line), "\n"))
	return len(line), nil
}

// spoiled changes one byte.
type spoiled struct {
	io.Reader
	at int
}

func (s *spoiled) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if s.at >= 0 && s.at < n {
		p[s.at] ^= 1
	}
	s.at -= n
	return n, err
}

func TestEveryWrongByteIsFound(t *testing.T) {
	b := newBlocks()
	for _, kind := range []string{get, getChunks, post, put, old} {
		x := newExchange(kind, 100_000, 7)
		whole, err := io.ReadAll(x.response())
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []int{0, len(whole) / 2, len(whole) - 1} {
			n, err := b.match(&spoiled{x.response(), at}, x.response())
			if wrong, ok := errors.AsType[*wrongByte](err); !ok || wrong.at != int64(at) || n != int64(at) {
				t.Errorf("%s, byte %d of %d spoiled: %v after %d", kind, at, len(whole), err, n)
			}
		}
		if n, err := b.match(bytes.NewReader(whole[:len(whole)-1]), x.response()); !errors.Is(err, io.ErrUnexpectedEOF) || n != int64(len(whole)-1) {
			t.Errorf("%s, one byte short: %v after %d", kind, err, n)
		}
		if n, err := b.match(bytes.NewReader(whole), x.response()); err != nil || n != int64(len(whole)) {
			t.Errorf("%s: %v after %d of %d", kind, err, n, len(whole))
		}
	}
}

// Bodies of other seeds, and other places of the same, differ.
func TestStreamsDiffer(t *testing.T) {
	seen := map[string]string{}
	for seed := range uint64(50) {
		for _, s := range []uint64{seed, seed ^ 0x5555555555555555, seed << 40} {
			whole, err := io.ReadAll(newStream(s, 4000))
			if err != nil {
				t.Fatal(err)
			}
			for at := 0; at < len(whole); at += 8 {
				place := fmt.Sprintf("seed %#x at %d", s, at)
				if before, ok := seen[string(whole[at:at+8])]; ok && before != place {
					t.Fatalf("%s is like %s", place, before)
				}
				seen[string(whole[at:at+8])] = place
			}
		}
	}
}

func TestBothEndsKnowAnExchange(t *testing.T) {
	for _, kind := range []string{get, getChunks, put, post, duplex, head, empty, same, hints, expect, old, upgrade, clientCut, putCut, serverCut} {
		x := newExchange(kind, 5000, 99)
		line, _, _ := bytes.Cut(x.requestHead, []byte("\n"))
		y, err := readExchange(append(line, '\n'))
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		for what, pair := range map[string][2]io.Reader{"request": {x.requestBody(), y.requestBody()}, "response": {x.response(), y.response()}} {
			one, _ := io.ReadAll(pair[0])
			other, _ := io.ReadAll(pair[1])
			if !bytes.Equal(one, other) {
				t.Errorf("%s: %s of %d bytes and of %d", kind, what, len(one), len(other))
			}
		}
		if !bytes.Equal(x.requestHead, y.requestHead) {
			t.Errorf("%s: heads %q and %q", kind, x.requestHead, y.requestHead)
		}
	}
	if _, err := readExchange([]byte("GET /get/5000/0000000000000063 HTTP/1.0\r\n")); err == nil {
		t.Error("a request line that was changed is taken")
	}
}

func TestGrowthIsFound(t *testing.T) {
	before := footprint{"gate" + sockets: 5, "proxy" + pipes: 10, "proxy" + resident: 10000, "gate" + goroutines: 3, "flows active": 0}
	same := footprint{"gate" + sockets: 5, "proxy" + pipes: 60, "proxy" + resident: 12000, "gate" + goroutines: 3, "flows active": 0}
	if list := grown(before, same); len(list) > 0 {
		t.Errorf("grown: %q", list)
	}
	for name, n := range map[string]int{"gate" + sockets: 6, "proxy" + sockets: 100_000, "proxy" + pipes: 100_000, "proxy" + resident: 40_000, "gate" + goroutines: 4} {
		after := footprint{name: n}
		if list := grown(before, after); len(list) != 1 {
			t.Errorf("%s from %d to %d: %q", name, before[name], n, list)
		}
	}
	if !isLoopback("0100007F:1F90") || !isLoopback("00000000000000000000000001000000:0050") || isLoopback("0B004D0A:0050") {
		t.Error("loopback is not told from other addresses")
	}
}

// A goroutine that was about to be started anew when limpid was measured is no
// fewer; one more at every look is one more.
func TestRareLooksAreNotUsual(t *testing.T) {
	const name = "supervisor" + goroutines
	seen := func(counts ...int) (list []footprint) {
		for _, n := range counts {
			list = append(list, footprint{name: n})
		}
		return list
	}
	before := ranked(seen(21, 20, 21, 23, 21), 2)
	if list := grown(before, ranked(seen(24, 22, 21, 22), 0)); len(list) > 0 {
		t.Errorf("grown: %q", list)
	}
	if list := grown(before, ranked(seen(22, 22, 24), 0)); len(list) != 1 {
		t.Errorf("one more at every look: %q", list)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"-connections", "0"}, {"-for", "-1s"}, {"more"}, {"-no-such"}} {
		var out, errs strings.Builder
		if err := command(context.Background(), args, &out, &errs); !errors.Is(err, errUsage) || errs.Len() == 0 {
			t.Errorf("%q: %v, %q", args, err, errs.String())
		}
	}
	err := raiseDescriptors(1 << 40)
	if err == nil || !strings.Contains(err.Error(), "RLIMIT_NOFILE") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want one line that names the limit", err)
	}
}

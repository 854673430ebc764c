package clock

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// server answers with what answer makes of a question.
func server(t *testing.T, answer func(question []byte) [][]byte) string {
	t.Helper()
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		question := make([]byte, 1024)
		for {
			n, from, err := conn.ReadFrom(question)
			if err != nil {
				return
			}
			for _, a := range answer(question[:n]) {
				if _, err := conn.WriteTo(a, from); err != nil {
					return
				}
			}
		}
	}()
	return conn.LocalAddr().String()
}

// message is a right answer to a question by a clock that is ahead of ours.
func message(question []byte, ahead time.Duration) []byte {
	b := make([]byte, messageSize)
	b[0], b[1] = 4<<3|serverMode, 2
	copy(b[originAt:], question[transmitAt:messageSize])
	now := time.Now().Add(ahead)
	for _, at := range []int{receiveAt, transmitAt} {
		binary.BigEndian.PutUint32(b[at:], uint32(now.Unix()+unixEra))
		binary.BigEndian.PutUint32(b[at+4:], uint32(uint64(now.Nanosecond())<<32/1e9))
	}
	return b
}

func TestAsk(t *testing.T) {
	for _, ahead := range []time.Duration{0, time.Hour, -24 * 365 * time.Hour, 20 * 365 * 24 * time.Hour} { // into NTP's next era
		address := server(t, func(q []byte) [][]byte { return [][]byte{message(q, ahead)} })
		offset, err := Ask(t.Context(), address)
		if err != nil || (offset-ahead).Abs() > 10*time.Second {
			t.Errorf("a server %v ahead: %v, %v", ahead, offset, err)
		}
	}
}

// What somebody else sends is passed over; a server that knows no time is an error.
func TestAnswersThatAreNone(t *testing.T) {
	change := func(f func(b []byte) []byte) func([]byte) [][]byte {
		return func(q []byte) [][]byte { return [][]byte{f(message(q, 0)), message(q, time.Hour)} }
	}
	for name, c := range map[string]struct {
		answer func([]byte) [][]byte
		fails  bool
	}{
		"another nonce":       {change(func(b []byte) []byte { b[originAt]++; return b }), false},
		"too short":           {change(func(b []byte) []byte { return b[:47] }), false},
		"a client's message":  {change(func(b []byte) []byte { b[0] = clientMode; return b }), false},
		"not synchronized":    {change(func(b []byte) []byte { b[0] |= 3 << 6; return b }), true},
		"go away (stratum 0)": {change(func(b []byte) []byte { b[1] = 0; return b }), true},
		"stratum 16":          {change(func(b []byte) []byte { b[1] = 16; return b }), true},
		"sent before it came": {change(func(b []byte) []byte {
			binary.BigEndian.PutUint32(b[receiveAt:], binary.BigEndian.Uint32(b[receiveAt:])+9)
			return b
		}), true},
	} {
		t.Run(name, func(t *testing.T) {
			offset, err := Ask(t.Context(), server(t, c.answer))
			if c.fails && !errors.Is(err, errNoTime) || !c.fails && (err != nil || (offset-time.Hour).Abs() > 10*time.Second) {
				t.Errorf("%v, %v", offset, err)
			}
		})
	}
	if _, err := Ask(t.Context(), "127.0.0.1:1"); err == nil || !strings.HasPrefix(err.Error(), "ask 127.0.0.1:1 for the time: ") {
		t.Error(err)
	}
}

// Of three servers the one that is wrong is outvoted.
func TestTheMiddleIsTaken(t *testing.T) {
	k := Keeper{Log: slog.New(slog.DiscardHandler), Built: time.Now().Add(-time.Hour)}
	for _, ahead := range []time.Duration{48 * time.Hour, time.Minute, 61 * time.Second} {
		k.Servers = append(k.Servers, server(t, func(q []byte) [][]byte { return [][]byte{message(q, ahead)} }))
	}
	ctx, stop := context.WithCancel(t.Context())
	got := make(chan time.Duration, 1)
	k.Correct = func(offset time.Duration) error { got <- offset; return nil }
	var running sync.WaitGroup
	running.Go(func() { k.Run(ctx) })
	if offset := <-got; (offset - 61*time.Second).Abs() > 5*time.Second {
		t.Errorf("corrected by %v", offset)
	}
	stop()
	running.Wait()
}

func TestTimesThatAreNotBelieved(t *testing.T) {
	k := Keeper{Log: slog.New(slog.DiscardHandler), Built: time.Now(), Correct: func(time.Duration) error { t.Error("corrected"); return nil }}
	for _, offset := range []time.Duration{-time.Hour, 30 * 365 * 24 * time.Hour} {
		if err := k.apply(offset); err == nil || !strings.HasSuffix(err.Error(), "not believed") {
			t.Errorf("%v: %v", offset, err)
		}
	}
}

// Names are looked up, addresses are taken as they are; the port is NTP's unless named.
func TestResolve(t *testing.T) {
	for server, want := range map[string]string{"127.0.0.1": "127.0.0.1:123", "127.0.0.1:1230": "127.0.0.1:1230", "::1": "[::1]:123", "[::1]:9": "[::1]:9"} {
		if got, err := resolve(t.Context(), server); err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%s: %v, %v", server, got, err)
		}
	}
}

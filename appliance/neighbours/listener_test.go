package neighbours

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pair is a socket to hear on, and one to send to it.
func pair(t *testing.T) (hears *os.File, sends int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	hears = os.NewFile(uintptr(fds[0]), "pair")
	t.Cleanup(func() { _ = hears.Close(); _ = unix.Close(fds[1]) })
	return hears, fds[1]
}

func testEar() *ear { return &ear{log: slog.New(slog.DiscardHandler), port: "lan"} }

// TestHears keeps what comes, passes over what is too long, and ends with its context.
func TestHears(t *testing.T) {
	e := testEar()
	hears, sends := pair(t)
	for _, frame := range [][]byte{from(1, 60), from(2, MaxFrame+1), from(3, 9000), from(1, 70)} {
		if _, err := unix.Write(sends, frame); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- e.hear(ctx, hears) }()
	for {
		list := e.kept.list()
		if len(list) > 1 {
			t.Fatalf("%d are kept", len(list))
		}
		if len(list) == 1 && len(list[0].Bytes) == 70 {
			break
		}
		select {
		case err := <-ended:
			t.Fatal(err)
		case <-time.After(time.Millisecond):
		}
	}
	cancel()
	if err := hears.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("it ends with %v", err)
	}
}

// TestFloodIsNotRead: however many come, one that was looked at is followed by a pause.
func TestFloodIsNotRead(t *testing.T) {
	e := testEar()
	hears, sends := pair(t)
	const sent = 50
	for i := range byte(sent) {
		if _, err := unix.Write(sends, from(i, 60)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*apart/2)
	defer cancel()
	context.AfterFunc(ctx, func() { _ = hears.SetReadDeadline(time.Unix(1, 0)) })
	_ = e.hear(ctx, hears)
	left := 0
	for buffer := make([]byte, 100); ; left++ {
		if _, _, err := unix.Recvfrom(int(hears.Fd()), buffer, unix.MSG_DONTWAIT); err != nil {
			break
		}
	}
	if read := sent - left; read > 4 {
		t.Errorf("%d frames of %d were read in the time of three", read, sent)
	}
}

// channel is a log whose lines are received.
type channel chan string

func (c channel) Write(p []byte) (int, error) {
	c <- string(p)
	return len(p), nil
}

// TestMissingBridge: a bridge that is not there is named, and waited for until the end.
func TestMissingBridge(t *testing.T) {
	said := make(chan string, 9)
	l := New("lldp-absent0", 6, 7, slog.New(slog.NewTextHandler(channel(said), nil)))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { l.Run(ctx); close(done) }()
	for range 2 {
		if text := <-said; !strings.Contains(text, "lldp-absent0") || !strings.Contains(text, "no neighbours are heard") {
			t.Errorf("it said %s", text)
		}
	}
	cancel()
	<-done
	if lan, wan := l.Heard(); len(lan)+len(wan) != 0 {
		t.Errorf("heard %v, %v", lan, wan)
	}
}

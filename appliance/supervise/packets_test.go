package supervise

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"limpid/appliance/child"
	"limpid/appliance/control"
	"limpid/appliance/link"
	"limpid/appliance/packets"
)

// testPackets is a process that records: what it does stands in the name of its port.
func testPackets() error {
	if err := child.Confine(); err != nil {
		return err
	}
	conn, err := link.Open(child.LinkFD)
	if err != nil {
		return err
	}
	var s packets.Settings
	if err := conn.ReadSettings(&s); err != nil {
		return err
	}
	stop := make(chan struct{})
	go func() {
		_ = conn.Run(map[string]link.Handler{child.MethodStop: func(json.RawMessage) (any, error) { close(stop); return nil, nil }})
	}()
	file := os.NewFile(child.PacketsFileFD, "file")
	told := func(ended packets.Reason, bytes int64) error {
		return conn.Call(context.Background(), child.MethodRecorded, packets.Count{Frames: 2, Bytes: bytes, Dropped: 1, Ended: ended}, nil)
	}
	if _, err := file.WriteString("some"); err != nil {
		return err
	}
	switch s.Ports[0].Device {
	case "crash":
		if err := told("", 4); err != nil {
			return err
		}
		return errors.New("a bug in packets")
	case "hang":
		select {}
	case "lie":
		return told(packets.OverTime, 1<<40)
	case "grow":
		if _, err := file.Write(make([]byte, s.Size)); !errors.Is(err, unix.EPERM) {
			return errors.New("the file can become longer than it was made")
		}
		return told(packets.OverSize, s.Size)
	}
	if err := told("", 4); err != nil {
		return err
	}
	<-stop
	if _, err := file.WriteString(" more"); err != nil {
		return err
	}
	return told(packets.Stopped, 9)
}

// capturing is a packetCapturer that runs until the test ends.
func capturing(t *testing.T) (*packetCapturer, context.CancelFunc) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	p := (&Supervisor{Options: Options{Log: log, Program: "/proc/self/exe", Arguments: func(name string) []string { return []string{name} }, Env: os.Environ()}}).newPacketCapturer()
	p.open = func(packets.Filter) (int, error) { return unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0) }
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { p.run(ctx) })
	end := func() { cancel(); wg.Wait() }
	t.Cleanup(end)
	return p, end
}

func begin(t *testing.T, p *packetCapturer, device string) *packetCapture {
	t.Helper()
	request := control.CaptureRequest{Side: control.ClientSide, For: control.Duration(time.Hour), Size: 4096, Who: "a test"}
	c, err := p.begin(request, []packets.Port{{Name: "client", Device: device, Index: 1}}, packets.Own{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPacketCaptureIsReadAsItGrows(t *testing.T) {
	before := descriptors(t)
	p, end := capturing(t)
	c := begin(t, p, "stop")
	file := c.file.read(t.Context())
	some := make([]byte, 4)
	if _, err := io.ReadFull(file, some); err != nil || string(some) != "some" {
		t.Fatalf("%q, %v", some, err)
	}
	if s := c.shown(); !s.Running || s.Frames != 2 || s.Bytes != 4 || s.Left < 3500 {
		t.Errorf("while it goes on: %+v", s)
	}
	_, err := p.begin(control.CaptureRequest{Size: 4096}, nil, packets.Own{})
	if err == nil || !strings.Contains(err.Error(), "there is one already, begun by a test, for another 3") {
		t.Errorf("a second one: %v", err)
	}
	if _, err := p.end(t.Context(), c.id+1); err == nil {
		t.Error("another one can be stopped")
	}
	if _, err := p.end(t.Context(), c.id); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(file)
	if s := c.shown(); err != nil || string(rest) != " more" || s.Running || s.Outcome != "stopped" || s.Problem != "" || s.Dropped != 1 || s.Left < 800 || s.Left > 900 {
		t.Errorf("at the end: %q, %v, %+v", rest, err, s)
	}
	// Stopping it again does nothing, and it can be read again.
	if _, err := p.end(t.Context(), c.id); err != nil {
		t.Error(err)
	}
	if all, err := io.ReadAll(c.file.read(t.Context())); err != nil || string(all) != "some more" {
		t.Errorf("read again: %q, %v", all, err)
	}
	// The next takes its place; who reads the first one must not take it for whole.
	reader := c.file.read(t.Context())
	next := begin(t, p, "stop")
	if text, err := io.ReadAll(reader); err == nil {
		t.Errorf("a capture that is gone reads as %q", text)
	}
	if _, err := p.find(c.id); err == nil {
		t.Error("a capture that is gone is found")
	}
	if err := p.remove(t.Context(), next.id); err != nil {
		t.Error(err)
	}
	if _, err := p.find(next.id); err == nil {
		t.Error("a capture that was forgotten is found")
	}
	end()
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors are open, before %d", after, before)
	}
}

func TestPacketCaptureThatFails(t *testing.T) {
	for device, want := range map[string]struct {
		problem string
		bytes   int
	}{
		"crash": {"a bug in packets", 4},
		"lie":   {"", 4096},
		"grow":  {"", 4096},
	} {
		t.Run(device, func(t *testing.T) {
			p, _ := capturing(t)
			c := begin(t, p, device)
			text, err := io.ReadAll(c.file.read(t.Context()))
			<-c.over
			s := c.shown()
			if err != nil || len(text) != want.bytes || s.Running || s.Bytes != int64(want.bytes) {
				t.Errorf("%d bytes, %v, %+v", len(text), err, s)
			}
			if failed := want.problem != ""; failed != (s.Outcome == "failed") || !strings.Contains(s.Problem, want.problem) {
				t.Errorf("outcome %s, problem %q; want %q", s.Outcome, s.Problem, want.problem)
			}
		})
	}
}

func TestPacketCaptureThatHangsIsKilled(t *testing.T) {
	p, _ := capturing(t)
	c := begin(t, p, "hang")
	if _, err := p.end(t.Context(), c.id); err != nil {
		t.Fatal(err)
	}
	if s := c.shown(); s.Outcome != "failed" || !strings.Contains(s.Problem, "was killed: it did not end in time") {
		t.Errorf("%+v", s)
	}
}

func TestPacketCaptureEndsWithLimpid(t *testing.T) {
	before := descriptors(t)
	p, end := capturing(t)
	c := begin(t, p, "hang")
	end()
	if c.running() {
		t.Error("it goes on")
	}
	if _, err := p.begin(control.CaptureRequest{Size: 4096}, nil, packets.Own{}); err == nil {
		t.Error("another one begins")
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors are open, before %d", after, before)
	}
}

// TestPacketFileIsSealed: nobody makes it longer or shorter.
func TestPacketFileIsSealed(t *testing.T) {
	f, err := newPacketFile(4096)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	for _, size := range []int64{0, 4095, 4097} {
		if err := f.file.Truncate(size); err == nil {
			t.Errorf("it can be made %d bytes long", size)
		}
	}
	if _, err := f.file.WriteAt(bytes.Repeat([]byte("x"), 10), 4095); err == nil {
		t.Error("something was written behind its end")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.read(ctx).Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("who has gone away reads on: %v", err)
	}
}

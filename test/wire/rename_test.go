package wire

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"limpid/appliance/control"
	"limpid/test/lab"
)

// endless sends numbered pieces over one connection that is only bridged, and has each
// come back, until it is stopped.
type endless struct {
	pieces atomic.Int64 // that came back
	ended  chan error
}

func beginEndless(t *testing.T, l *lab.Lab) *endless {
	t.Helper()
	_, err := l.S2.Serve(":8081", func(_ context.Context, conn *net.TCPConn) { _, _ = io.Copy(conn, conn) })
	must(t, err)
	conn := dial(t, l.C1, "10.80.0.2:8081")
	e := &endless{ended: make(chan error, 1)}
	go func() {
		var err error
		for n := 0; err == nil && t.Context().Err() == nil; n++ {
			piece := bytes.Repeat(fmt.Appendf(nil, "%08d", n), 128)
			if _, err = conn.Write(piece); err != nil {
				break
			}
			got := make([]byte, len(piece))
			if _, err = io.ReadFull(conn, got); err == nil && !bytes.Equal(got, piece) {
				err = fmt.Errorf("piece %d came back as %.16q", n, got)
			}
			e.pieces.Add(1)
			time.Sleep(2 * time.Millisecond)
		}
		e.ended <- err
	}()
	return e
}

// goesOn looks whether pieces cross now.
func (e *endless) goesOn(t *testing.T) {
	t.Helper()
	before := e.pieces.Load()
	eventually(t, "the transfer goes on", func() bool {
		select {
		case err := <-e.ended:
			t.Fatalf("the transfer has ended: %v", err)
		default:
		}
		return e.pieces.Load() > before+20
	})
}

// bridgeIn gives the bridge's index in the box, 0 when there is none of that name.
func bridgeIn(t *testing.T, l *lab.Lab, name string) int {
	t.Helper()
	out, err := l.Box.Command(t.Context(), "ip", "-o", "link", "show", "type", "bridge").Output()
	must(t, err)
	for line := range strings.Lines(string(out)) {
		var index int
		if at, rest, ok := strings.Cut(line, ": "); ok && strings.HasPrefix(rest, name+":") {
			_, err := fmt.Sscan(at, &index)
			must(t, err)
			return index
		}
	}
	return 0
}

// TestBridgeIsRenamed changes bridge.name while clients use the wire: tried, undone,
// tried and kept, and at a start. It is the same bridge all the time: a connection that
// is only bridged lives through all of it, new ones go on, and are captured again.
func TestBridgeIsRenamed(t *testing.T) {
	l, p := inline(t, basic)
	origin(t, l.S1)
	client := control.NewClient(p.RunDir)
	defer client.Close()
	index := bridgeIn(t, l, "br0")
	transfer := beginEndless(t, l)
	load := lab.Load{
		Rate: 20, Timeout: startTime, Do: lab.Get("/bytes/2000"),
		Dial: func(ctx context.Context) (*net.TCPConn, error) { return l.C2.Dial(ctx, "tcp", "", "10.77.0.101:80") },
	}.Start(t.Context())

	try := func(name string) control.SettingsApplied {
		t.Helper()
		now, err := client.Settings(t.Context())
		must(t, err)
		edited, err := client.EditSettings(t.Context(), control.SettingsEdit{Text: now.Text, Set: map[string]string{"bridge.name": `"` + name + `"`}})
		must(t, err)
		applied, err := client.ApplySettings(t.Context(), control.SettingsChange{Text: edited.Text, Who: "the test"})
		must(t, err)
		return applied
	}
	is := func(name string) {
		t.Helper()
		eventually(t, "inline on "+name, func() bool {
			s, err := client.Status(t.Context())
			return err == nil && s.Mode == control.Inline && s.Wire.Bridge.Name == name
		})
		if got := bridgeIn(t, l, name); got != index {
			t.Errorf("bridge %s has index %d, want that of before, %d", name, got, index)
		}
		captured := status(t, p).Flows.Captured
		eventually(t, "connections are captured on "+name, func() bool { return status(t, p).Flows.Captured > captured+5 })
		transfer.goesOn(t)
	}
	is("br0")
	try("wire")
	is("wire")
	_, err := client.UndoSettings(t.Context())
	must(t, err)
	is("br0")
	kept := try("uplink0")
	is("uplink0")
	_, err = client.ConfirmSettings(t.Context(), kept.Token)
	must(t, err)

	// A bridge of somebody else's has that name: given up, and nothing is lost.
	must(t, l.Box.Command(t.Context(), "ip", "link", "add", "theirs", "type", "bridge").Run())
	try("theirs")
	eventually(t, "the trial is given up", func() bool {
		h, err := client.SettingsHistory(t.Context())
		return err == nil && h.Versions[0].Outcome == "failed"
	})
	is("uplink0")

	if report := load.Stop(); report.Count() == 0 || report.Failures() != 0 {
		t.Errorf("clients have noticed: %v", report)
	}
	// At a start limpid finds the bridge that it has made, under another name.
	must(t, p.Stop())
	text, err := os.ReadFile(p.Config)
	must(t, err)
	again, err := l.StartLimpid(t.Context(), strings.Replace(string(text), "uplink0", "br7", 1))
	must(t, err)
	must(t, again.WaitMode("inline", startTime))
	if got := bridgeIn(t, l, "br7"); got != index || bridgeIn(t, l, "uplink0") != 0 {
		t.Errorf("at a start bridge br7 has index %d, want %d", got, index)
	}
	transfer.goesOn(t)
}

package lab

import (
	"os"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// TestTapsAreTheWire carries frames from one tap to the other, as a box would: the
// lab's hosts reach each other, and captures at the switches see it. With the taps
// closed the carrier is gone, and with them open again it comes back.
func TestTapsAreTheWire(t *testing.T) {
	l := NewWith(t, Options{Machine: true})
	for range 2 {
		lan, wan, err := l.Taps()
		if err != nil {
			t.Fatal(err)
		}
		seen, err := l.WANSwitch.Capture("box", TCP(80))
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{}, 2)
		carry := func(from, to *os.File) {
			defer func() { ended <- struct{}{} }()
			frame := make([]byte, maxFrame)
			for {
				n, err := from.Read(frame)
				if err != nil {
					return
				}
				if _, err := to.Write(frame[:n]); err != nil {
					return
				}
			}
		}
		go carry(lan, wan)
		go carry(wan, lan)
		origin, err := l.S1.HTTPOrigin(":80")
		if err != nil {
			t.Fatal(err)
		}
		conn, err := l.C1.Dial(t.Context(), "tcp", "", "10.77.0.101:80")
		if err != nil {
			t.Fatal(err)
		}
		if n, err := Get("/bytes/100000")(t.Context(), conn); err != nil || n != 100000 {
			t.Errorf("got %d bytes: %v", n, err)
		}
		if frames, err := seen.Stop(); err != nil || len(Select(frames, Toward(ToServers))) == 0 || len(Select(frames, Toward(ToClients))) == 0 {
			t.Errorf("%d frames seen at the servers' switch: %v", len(frames), err)
		}
		if err := origin.Close(); err != nil {
			t.Error(err)
		}
		lan.Close()
		wan.Close()
		<-ended
		<-ended
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
			up, err := carrier(l.LANSwitch, "box")
			if err != nil {
				t.Fatal(err)
			}
			if !up {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("the switch's port has a carrier after its tap was closed")
			}
		}
	}
}

// carrier says whether an interface of the node has one.
func carrier(n *Node, iface string) (up bool, err error) {
	err = n.onLink(iface, "look at", func(_ *netlink.Handle, link netlink.Link) error {
		up = link.Attrs().RawFlags&unix.IFF_LOWER_UP != 0
		return nil
	})
	return up, err
}

package bridge

import (
	"testing"

	"github.com/vishvananda/netlink"
)

func TestTrafficIsCounted(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	client, server := l.port("lan0"), l.port("wan0")
	b := newBridge(t, testSpec)
	l.ensure(b)
	l.forwarding(testSpec)
	atClient, atServer := client.tap(), server.tap()
	lan0, wan0, err := b.Traffic()
	must(t, err)

	const frames = 7
	for n := range byte(frames) {
		atClient.send(pad(frame(serverMAC, clientMAC, 0x88, 0xb5, n), 60))
		atServer.receive(patience)
	}
	lan, wan, err := b.Traffic()
	must(t, err)
	got := [...]uint64{
		lan.Received.Packets - lan0.Received.Packets, lan.Received.Bytes - lan0.Received.Bytes, lan.Sent.Packets - lan0.Sent.Packets,
		wan.Sent.Packets - wan0.Sent.Packets, wan.Sent.Bytes - wan0.Sent.Bytes, wan.Received.Packets - wan0.Received.Packets,
	}
	if want := [...]uint64{frames, frames * 60, 0, frames, frames * 60, 0}; got != want || !lan.Present || !wan.Present {
		t.Errorf("%d frames of 60 bytes towards the server: packets and bytes into lan, packets out of it, packets and bytes out of wan, packets into it: %v, want %v",
			frames, got, want)
	}

	must(t, netlink.LinkDel(link(t, "wan0")))
	lan, wan, err = b.Traffic()
	if err != nil || !lan.Present || wan != (Traffic{}) {
		t.Errorf("without the port wan0: %+v, %+v, %v", lan, wan, err)
	}
}

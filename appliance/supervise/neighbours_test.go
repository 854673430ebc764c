package supervise

import (
	"testing"
	"time"

	"limpid/appliance/neighbours"
)

// TestNeighboursAreHandedOut: nobody heard is an empty list over the socket, and what is
// kept goes out as it came.
func TestNeighboursAreHandedOut(t *testing.T) {
	b := newBox(t)
	b.run(t)
	b.await(t, "inline", isInline)
	n, err := b.client.Neighbours(t.Context())
	if err != nil || n.LAN == nil || n.WAN == nil || len(n.LAN)+len(n.WAN) != 0 {
		t.Errorf("%+v, %v", n, err)
	}
	now := time.Now()
	list := shownNeighbours([]neighbours.Frame{
		{MAC: [6]byte{2, 0, 0, 0, 0, 7}, At: now.Add(-1500 * time.Millisecond), Bytes: []byte("a frame")}, {At: now.Add(time.Hour)},
	}, now)
	if len(list) != 2 || list[0].MAC != "02:00:00:00:00:07" || list[0].Age != 1.5 || string(list[0].Frame) != "a frame" || list[1].Age != 0 {
		t.Errorf("%+v", list)
	}
}

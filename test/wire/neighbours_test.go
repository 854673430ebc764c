package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
	"limpid/test/lab"
)

// lldp is a frame of a system at a port of its own, from an address that ends in last,
// with what may stand before its type.
func lldp(last byte, name, port string, seconds byte, tag ...byte) []byte {
	value := func(kind byte, text string) string { return string([]byte{kind << 1, byte(len(text))}) + text }
	body := value(1, "\x07"+name) + value(2, "\x05"+port) + value(3, string([]byte{0, seconds})) + value(4, "uplink") + value(5, name) + "\x00\x00"
	b := append([]byte{0x01, 0x80, 0xc2, 0, 0, 0x0e, 0x02, 0x77, 0, 0, 1, last}, tag...)
	return append(append(append(b, 0x88, 0xcc), body...), make([]byte, 30)...)
}

// crosses sends a frame at one end of the box, and waits for it at the other.
func crosses(t *testing.T, from, to *lab.Node, frame []byte) {
	t.Helper()
	seen, err := to.Capture("box")
	must(t, err)
	must(t, from.Inject("box", frame))
	if err := seen.WaitFor(within(t, startTime), func(frames []lab.Frame) bool {
		return slices.ContainsFunc(frames, func(f lab.Frame) bool { return bytes.Equal(f.Data, frame) })
	}); err != nil {
		t.Errorf("the frame of %s did not cross as it was: %v", from.Name, err)
	}
	_, err = seen.Stop()
	must(t, err)
}

// beside is who is at both ends, as `limpid neighbours --json` has it.
func beside(t *testing.T, p *lab.Limpid) string {
	t.Helper()
	text, err := p.Run(t.Context(), "neighbours", "--json")
	must(t, err)
	var told map[string][]struct{ Name, Port string }
	must(t, json.Unmarshal(text, &told))
	var ends []string
	for _, end := range []string{"lan", "wan"} {
		names := []string{}
		for _, n := range told[end] {
			names = append(names, n.Name+"/"+n.Port)
		}
		ends = append(ends, strings.Join(names, ","))
	}
	return strings.Join(ends, " | ")
}

// TestNeighbours has systems at both ends speak: each hears the other as over a wire, and
// limpid names each at its end, as long as it is there. Nothing of it costs other frames.
func TestNeighbours(t *testing.T) {
	l, p := inline(t, basic)
	client := control.NewClient(p.RunDir)
	defer client.Close()
	await := func(want string) {
		t.Helper()
		got := ""
		eventually(t, want+" is heard", func() bool { got = beside(t, p); return got == want })
	}
	await(" | ")
	crosses(t, l.LANSwitch, l.WANSwitch, lldp(1, "access", "Gi1/0/7", 120))
	crosses(t, l.WANSwitch, l.LANSwitch, lldp(2, "core", "swp9", 120))
	await("access/Gi1/0/7 | core/swp9")

	n, err := client.Neighbours(t.Context())
	must(t, err)
	if len(n.LAN) != 1 || len(n.WAN) != 1 || !bytes.Equal(n.LAN[0].Frame, lldp(1, "access", "Gi1/0/7", 120)) || n.WAN[0].MAC != "02:77:00:00:01:02" ||
		n.LAN[0].Age < 0 || time.Since(n.LAN[0].Heard) < 0 {
		t.Errorf("over the control socket: %+v", n)
	}
	text, err := p.Run(t.Context(), "status")
	must(t, err)
	for _, want := range []string{"beside access, port Gi1/0/7 (LLDP, ", "beside core, port swp9 (LLDP, "} {
		if !strings.Contains(string(text), want) {
			t.Errorf("limpid status does not say %q:\n%s", want, text)
		}
	}

	t.Run("another's address", func(t *testing.T) {
		crosses(t, l.LANSwitch, l.WANSwitch, lldp(2, "liar", "1", 120))
		await("access/Gi1/0/7,liar/1 | core/swp9")
		crosses(t, l.LANSwitch, l.WANSwitch, lldp(2, "liar", "1", 0))
		await("access/Gi1/0/7 | core/swp9")
	})
	t.Run("tags", func(t *testing.T) {
		crosses(t, l.LANSwitch, l.WANSwitch, lldp(3, "elsewhere", "1", 120, 0x81, 0, 0, 42))
		crosses(t, l.LANSwitch, l.WANSwitch, lldp(4, "urgent", "1", 120, 0x81, 0, 0xe0, 0))
		await("access/Gi1/0/7,urgent/1 | core/swp9") // the frame before came first, and is not there
		crosses(t, l.LANSwitch, l.WANSwitch, lldp(4, "urgent", "1", 0))
		await("access/Gi1/0/7 | core/swp9")
	})
	t.Run("bypassed", func(t *testing.T) {
		bypass(t, p)
		crosses(t, l.WANSwitch, l.LANSwitch, lldp(2, "core", "swp10", 120))
		await("access/Gi1/0/7 | core/swp10")
		unbypass(t, p)
	})
	t.Run("not for all", func(t *testing.T) {
		// A socket for all types (0003) would be met by each frame that crosses.
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/packet", p.PID()))
		must(t, err)
		link, err := l.Box.Command(t.Context(), "ip", "-o", "link", "show", "br0").Output()
		must(t, err)
		index, _, _ := strings.Cut(string(link), ":")
		count := 0
		for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
			// sk RefCnt Type Proto Iface R Rmem User Inode
			if f := strings.Fields(line); len(f) < 9 || f[3] != "88cc" || f[4] != index {
				t.Errorf("the box has another packet socket: %s", line)
			}
			count++
		}
		if count != 2 {
			t.Errorf("%d sockets hear LLDP on interface %s:\n%s", count, index, text)
		}
	})
	t.Run("flood", func(t *testing.T) {
		before := status(t, p)
		flood := [][]byte{lldp(1, "access", "Gi1/0/7", 0)}
		for i := range 2000 {
			flood = append(flood, lldp(byte(i), fmt.Sprintf("made-up-%d", i), "1", 120))
		}
		must(t, l.LANSwitch.Inject("box", flood...))
		eventually(t, "some of them are heard", func() bool { return strings.Contains(beside(t, p), "made-up") })
		n, err := client.Neighbours(t.Context())
		must(t, err)
		if got := beside(t, p); len(n.LAN) > 4 || len(n.WAN) != 1 || !strings.HasSuffix(got, " | core/swp10") {
			t.Errorf("%d and %d frames are kept: %s", len(n.LAN), len(n.WAN), got)
		}
		if after := status(t, p); after.Mode != "inline" || !after.Since.Equal(before.Since) || after.Proxy != before.Proxy || after.Gate != before.Gate {
			t.Errorf("before %s\nafter %s", before.Raw, after.Raw)
		}
	})
	t.Run("the bridge was down", func(t *testing.T) {
		if out, err := l.Box.Command(t.Context(), "ip", "link", "set", "br0", "down").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		eventually(t, "a neighbour is heard again", func() bool {
			must(t, l.WANSwitch.Inject("box", lldp(2, "core", "swp11", 120)))
			return strings.HasSuffix(beside(t, p), " | core/swp11")
		})
	})
}

// TestNeighboursLeave: one that says goodbye is gone at once, one that is silent when what
// it has said no longer holds.
func TestNeighboursLeave(t *testing.T) {
	l, p := inline(t, basic)
	crosses(t, l.LANSwitch, l.WANSwitch, lldp(1, "access", "1", 120))
	crosses(t, l.WANSwitch, l.LANSwitch, lldp(2, "core", "2", 5))
	eventually(t, "both are heard", func() bool { return beside(t, p) == "access/1 | core/2" })
	crosses(t, l.LANSwitch, l.WANSwitch, lldp(1, "access", "1", 0))
	eventually(t, "both are gone", func() bool { return beside(t, p) == " | " })
}

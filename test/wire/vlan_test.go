package wire

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"limpid/test/lab"
)

// TestVLANsAreCapturedInTheirTags has a client and a server in a VLAN that the
// configuration names, and in one that it does not.
func TestVLANsAreCapturedInTheirTags(t *testing.T) {
	if !inVM() {
		t.Skip(noQueue)
	}
	l := lab.New(t)
	for _, id := range []uint16{42, 43} {
		must(t, l.C1.AddVLAN("eth0", id, netip.MustParsePrefix(fmt.Sprintf("10.%d.0.1/24", id)), netip.MustParsePrefix(fmt.Sprintf("fd%d::1/64", id))))
		must(t, l.S1.AddVLAN("eth0", id, netip.MustParsePrefix(fmt.Sprintf("10.%d.0.2/24", id)), netip.MustParsePrefix(fmt.Sprintf("fd%d::2/64", id))))
	}
	p, err := l.StartLimpid(t.Context(), "[bridge]\nports = [\"eth0\", \"eth1\"]\nvlans = [42]\n[management]\naddress = \"none\"\n")
	must(t, err)
	must(t, p.WaitMode("inline", startTime))
	o := origin(t, l.S1)
	for _, tt := range []struct {
		target   string
		vlan     uint16
		captured uint64
	}{{"10.42.0.2:80", 42, 1}, {"[fd42::2]:80", 42, 1}, {"10.43.0.2:80", 43, 0}, {"10.77.0.101:80", 0, 1}} {
		t.Run(tt.target, func(t *testing.T) {
			before := status(t, p).Flows.Captured
			lan, err := l.LANSwitch.Capture("box", lab.TCP(80))
			must(t, err)
			wan, err := l.WANSwitch.Capture("box", lab.TCP(80))
			must(t, err)
			conn := dial(t, l.C1, tt.target)
			get(t, conn, 20_000)
			must(t, conn.SetLinger(0))
			must(t, conn.Close())
			reset := func(frames []lab.Frame) bool {
				return slices.ContainsFunc(frames, func(f lab.Frame) bool { return f.Flags&lab.RST != 0 })
			}
			must(t, lan.WaitFor(t.Context(), reset))
			must(t, wan.WaitFor(t.Context(), reset))
			if n := status(t, p).Flows.Captured - before; n != tt.captured {
				t.Errorf("%d flows captured, want %d", n, tt.captured)
			}
			atClient, err := lan.Stop()
			must(t, err)
			atServer, err := wan.Stop()
			must(t, err)
			if diff := lab.Diff(lab.Tuples(atClient), lab.Tuples(atServer)); diff != "" {
				t.Errorf("the two sides differ:\n%s", diff)
			}
			for _, f := range append(atClient, atServer...) {
				if f.VLAN != tt.vlan {
					t.Errorf("a frame carries VLAN %d, want %d: %v", f.VLAN, tt.vlan, f)
				}
			}
			if a := o.Accepted(); a[len(a)-1].Client.Addr().Is6() != netip.MustParseAddrPort(tt.target).Addr().Is6() {
				t.Errorf("the server accepted %v", a[len(a)-1].Client)
			}
		})
	}
}

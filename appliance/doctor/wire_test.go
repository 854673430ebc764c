package doctor

import (
	"testing"
	"time"

	"limpid/appliance/control"
	"limpid/bridge"
)

func TestWire(t *testing.T) {
	step := func(op bridge.Op) func(*Facts) {
		return func(f *Facts) { f.Kernel.Bridge.Steps = []bridge.Op{op} }
	}
	gone := func(f *Facts) {
		f.Now.WAN = bridge.Traffic{}
		f.Kernel.Bridge.WAN = bridge.Link{Name: "eth1"}
	}
	dark := func(f *Facts) {
		f.Kernel.Bridge.WAN.Carrier, f.Kernel.Bridge.WAN.Running, f.Kernel.Bridge.WAN.Settings["state"] = false, false, 0
		f.Kernel.Learned.WAN, f.Now.WAN.Received = 0, f.Before.WAN.Received
	}
	counts := func(lanIn, lanOut, wanIn, wanOut uint64) func(*Facts) {
		return func(f *Facts) {
			f.Before.LAN, f.Before.WAN = traffic(0, 0), traffic(0, 0)
			f.Now.LAN, f.Now.WAN = traffic(lanIn, lanOut), traffic(wanIn, wanOut)
		}
	}
	examineEach(t, []each{
		{"no bridge", func(f *Facts) { f.Kernel.Bridge.Bridge = bridge.Link{Name: "br0"} }, "bridge", fail, "no bridge br0", nil},
		{"bridge down", step(bridge.SetUp{Name: "br0"}), "bridge", fail, "set br0 up", nil},
		{"port out of the bridge", step(bridge.Enslave{Port: "eth1", Bridge: "br0"}), "bridge", fail, "enslave eth1 to br0", nil},
		{"port blocks", func(f *Facts) { f.Kernel.Bridge.LAN.Settings = map[string]uint32{"state": 4} }, "bridge", fail, "does not forward", nil},
		{"port missing", gone, "bridge", fail, "port eth1", map[string]control.Health{"links": unknown, "frames": unknown, "errors": unknown}},
		{"foreign port", func(f *Facts) { f.Kernel.Bridge.Warnings = []string{"bridge br0 has a port"} }, "bridge", warn, "has a port", nil},
		{"the same, as the supervisor has it too", func(f *Facts) {
			f.Kernel.Bridge.Warnings = []string{"bridge br0 has a port"}
			f.Known.Status.Problems = []string{"bridge br0 has a port"}
		}, "bridge", warn, "has a port", nil},
		{"step that fails", func(f *Facts) { f.Known.Status.Problems = []string{"bridge: enslave eth1: busy"} }, "bridge", fail, "busy", nil},
		{"sysctl is not the bridge's", step(bridge.WriteSysctl{Key: "net/ipv4/conf/all/rp_filter", From: "2", To: "0"}), "sysctls", fail, "rp_filter is 2, not 0", nil},
		{"no link", dark, "links", fail, "servers' port eth1 has no link", map[string]control.Health{"frames": unknown, "reach": unknown}},
		{"held down", func(f *Facts) { f.Kernel.Bridge.Held, f.Kernel.Bridge.LAN.Up = "eth0", false }, "links", warn, "link_propagation", nil},
		{"half duplex", func(f *Facts) { f.Kernel.Bridge.LAN.FullDuplex = false }, "links", warn, "half duplex", nil},
		{"silence", counts(0, 0, 0, 0), "frames", unknown, "nobody has sent", nil},
		{"nothing leaves", counts(30, 0, 5, 0), "frames", fail, "none has left", nil},
		{"nothing reaches servers", counts(30, 9, 9, 0), "frames", warn, "towards the servers", nil},
		{"nothing reaches clients", counts(9, 0, 30, 9), "frames", warn, "towards the clients", nil},
		{"no answers", counts(30, 0, 0, 30), "frames", warn, "nothing comes back", nil},
		{"errors", func(f *Facts) { f.Now.WAN.Received.Errors = 3 }, "errors", warn, "3 errors", nil},
		{"no client heard", func(f *Facts) { f.Kernel.Learned.LAN, f.Now.LAN.Received = 0, f.Before.LAN.Received }, "reach", warn, "clients' port eth0", nil},
		{"no server heard", func(f *Facts) { f.Kernel.Learned.WAN, f.Now.WAN.Received = 0, f.Before.WAN.Received }, "reach", warn, "servers' port eth1", nil},
		{"router is dead", func(f *Facts) { f.Kernel.Gateways[0].State = "failed" }, "gateway", warn, "192.0.2.1 does not answer", nil},
		{"router never asked", func(f *Facts) { f.Kernel.Gateways[0].State = "none" }, "gateway", unknown, "192.0.2.1", nil},
		{"no lease", func(f *Facts) { f.Config.Management.DHCP, f.Kernel.Gateways = true, nil }, "gateway", warn, "DHCP", nil},
		{"just begun", func(f *Facts) { f.Before.At = f.Now.At.Add(-100 * time.Millisecond) }, "frames", unknown, "only just begun",
			map[string]control.Health{"errors": unknown, "log": unknown}},
	})
}

// Frames that are captured by broute teach the bridge nothing: who is heard need not be learned.
func TestHeardAndNotLearned(t *testing.T) {
	f := well(t)
	f.Kernel.Learned = bridge.Learned{}
	if got := verdicts(*f); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// A few frames are a switch's own, and the bridge need not pass them on.
func TestFewFramesSayNothing(t *testing.T) {
	f := well(t)
	f.Before.LAN, f.Before.WAN, f.Now.LAN, f.Now.WAN = traffic(0, 0), traffic(0, 0), traffic(enough-1, 0), traffic(0, 0)
	if got := judgeFrames(f); got.verdict != control.HealthOK {
		t.Errorf("%+v", got)
	}
}

// A card that was plugged in again counts from 0.
func TestCountsThatBeginAnew(t *testing.T) {
	before, now := traffic(1000, 1000), traffic(7, 5)
	if got := grown(before, now); got != now {
		t.Errorf("got %+v", got)
	}
	if got := grown(traffic(1, 2), traffic(11, 22)); got != traffic(10, 20) {
		t.Errorf("got %+v", got)
	}
	if up(5, 3) != 3 || up(3, 5) != 2 {
		t.Errorf("%d, %d", up(5, 3), up(3, 5))
	}
}

func TestNoAddressNoRouter(t *testing.T) {
	f := well(t)
	f.Kernel.Gateways = nil
	f.Config.Management.Address = f.Config.Management.Address.Masked()
	if got := judgeGateway(f); got.verdict != control.HealthOK {
		t.Errorf("no gateway set: %+v", got)
	}
	f.Config.Management.Interface = "eth2"
	if got := judgeGateway(f); got.verdict != control.HealthOK {
		t.Errorf("elsewhere: %+v", got)
	}
}

package lab

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"
)

// supported tells a kernel that lacks an option, and says so properly, from
// one that has it.
func supported(t *testing.T, option string, err error) bool {
	t.Helper()
	missing, ok := errors.AsType[*UnsupportedError](err)
	switch {
	case err == nil:
		return true
	case !ok:
		t.Errorf("%s: %v", option, err)
	case missing.Option != option || missing.Kernel == "" || missing.Feature == "":
		t.Errorf("%s: error %#v", option, missing)
	}
	return false
}

func TestDelayAndLoss(t *testing.T) {
	l := plain(t)
	o, err := l.S1.HTTPOrigin(":80")
	must(t, err)
	if err := l.S1.Delay("eth9", time.Second); err == nil {
		t.Error("delay on an interface that is not there succeeded")
	}
	clientSeen(t, l.C1, "10.77.0.101:80")
	for name, disturb := range map[string]func() error{
		"delay": func() error { return l.S1.Delay("eth0", 5*time.Second) },
		"loss":  func() error { return l.S1.Lose("eth0", 100) },
	} {
		if !supported(t, "CONFIG_NET_SCH_NETEM", disturb()) {
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if conn, err := l.C1.Dial(ctx, "tcp", "", "10.77.0.101:80"); err == nil {
			conn.Close()
			t.Errorf("%s: the server's answer came all the same", name)
		}
		cancel()
		must(t, l.S1.Undelay("eth0"))
		clientSeen(t, l.C2, "10.77.0.101:80")
	}
	must(t, o.Close())
}

func TestVLAN(t *testing.T) {
	l := plain(t)
	_, err := l.S1.HTTPOrigin(":80")
	must(t, err)
	if !supported(t, "CONFIG_VLAN_8021Q", l.C1.AddVLAN("eth0", 7, netip.MustParsePrefix("10.90.0.1/24"))) {
		return
	}
	must(t, l.S1.AddVLAN("eth0", 7, netip.MustParsePrefix("10.90.0.2/24")))
	wire, err := l.LANSwitch.Capture("box", TCP(80))
	must(t, err)
	inside, err := l.C1.Capture("eth0.7", TCP(80))
	must(t, err)
	if got := clientSeen(t, l.C1, "10.90.0.2:80"); got.Addr().String() != "10.90.0.1" {
		t.Errorf("server saw %s", got)
	}
	frames, err := wire.Stop()
	must(t, err)
	untagged, err := inside.Stop()
	must(t, err)
	if len(frames) == 0 || len(untagged) == 0 {
		t.Fatalf("captured %d and %d frames", len(frames), len(untagged))
	}
	for _, f := range frames {
		if f.VLAN != 7 || f.EtherType != 0x0800 {
			t.Errorf("on the wire: %s", f)
		}
	}
	for _, f := range untagged {
		if f.VLAN != 0 {
			t.Errorf("inside the VLAN: %s", f)
		}
	}
}

package bridge

import "testing"

// A cable that is not plugged in takes nothing from a bridge; a port that is out of it, or
// a bridge that is down or gone, does.
func TestStandingAndJoined(t *testing.T) {
	for _, tt := range []struct {
		name             string
		spoil            func(*Status)
		standing, joined bool
	}{
		{"settled", func(*Status) {}, true, true},
		{"no link", func(st *Status) {
			st.LAN.Running, st.LAN.Carrier, st.WAN.Running, st.WAN.Carrier = false, false, false, false
		}, true, true},
		{"a port is held down", func(st *Status) { st.WAN.Up, st.WAN.Running, st.WAN.Carrier = false, false, false }, true, true},
		{"still under its former name", func(st *Status) {
			st.Former, st.Bridge = st.Bridge, Link{Name: "wire"}
		}, true, true},
		{"a port is missing", func(st *Status) { st.LAN = Link{Name: "lan0"} }, true, false},
		{"a port is out of it", func(st *Status) { st.WAN.Master = "" }, true, false},
		{"a port is in another one", func(st *Status) { st.WAN.Master = "br7" }, true, false},
		{"the bridge is down", func(st *Status) { st.Bridge.Up = false }, false, false},
		{"the bridge is gone", func(st *Status) {
			st.Bridge, st.LAN.Master, st.WAN.Master = Link{Name: "br0"}, "", ""
		}, false, false},
		{"the name is taken", func(st *Status) { st.Bridge.Kind = "veth" }, false, false},
	} {
		st := settled()
		tt.spoil(&st)
		if st.Standing() != tt.standing || st.Joined() != tt.joined {
			t.Errorf("%s: standing %v, joined %v; want %v, %v", tt.name, st.Standing(), st.Joined(), tt.standing, tt.joined)
		}
	}
}

package web

import (
	"testing"

	"limpid/appliance/control"
)

func TestThereAfter(t *testing.T) {
	const before = `[":443", ":80"]`
	for _, c := range []struct{ host, address, listen, want string }{
		{"192.0.2.1", "", `[":443"]`, ""},
		{"192.0.2.1", "", `[":8443"]`, "192.0.2.1:8443"},
		{"192.0.2.1", "", `[":80", ":8443", ":9443"]`, "192.0.2.1:8443"},
		{"192.0.2.1", "", `[":8443", ":443"]`, ""},
		{"192.0.2.1:8443", "", `[":443", ":80"]`, "192.0.2.1"},
		{"192.0.2.1", "", `["0.0.0.0:443"]`, ""},
		{"192.0.2.1", "", `["192.0.2.1:443"]`, ""},
		{"192.0.2.1", "", `["192.0.2.9:443"]`, "192.0.2.9"},
		{"192.0.2.1", `"192.0.2.9/24"`, `["192.0.2.9:443"]`, "192.0.2.9"},
		{"192.0.2.1", `"192.0.2.9/24"`, `[":8443"]`, "192.0.2.9:8443"},
		{"192.0.2.1:8443", `"2001:db8::9/64"`, "", "[2001:db8::9]:8443"},
		{"[2001:db8::1]", "", `["[::]:443"]`, ""},
		{"limpid.local", "", `[":8443"]`, "limpid.local:8443"},
		{"192.0.2.1", "", `[]`, ""}, // there is no page any more
	} {
		var changes []control.SettingsDiff
		if c.address != "" {
			changes = append(changes, control.SettingsDiff{Key: "management.address", Old: `"192.0.2.1/24"`, New: c.address})
		}
		if c.listen != "" {
			changes = append(changes, control.SettingsDiff{Key: "web.listen", Old: before, New: c.listen})
		}
		if got := thereAfter(changes, c.host); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

package boot

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestNICsAreOrderedByPlace(t *testing.T) {
	nics := []nic{
		{"eth3", "/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0", 0},
		{"eth0", "/sys/devices/pci0000:00/0000:00:1c.4/0000:0a:00.0", 0},
		{"eth1", "/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.1", 0},
		{"eth4", "/sys/devices/pci0000:00/0000:00:1d.0/0000:03:00.0", 1}, // two sockets behind one address
		{"eth5", "/sys/devices/pci0000:00/0000:00:1d.0/0000:03:00.0", 0},
		{"eth2", "/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0", 0},
		{"eth6", "/sys/devices/pci0000:00/0000:00:06.0/virtio2", 0},
		{"eth7", "/sys/devices/platform/soc/ethernet@1", 0},
	}
	var got []string
	for _, n := range inOrder(nics) {
		got = append(got, n.name)
	}
	if want := "eth6 eth2 eth1 eth5 eth4 eth0 eth3 eth7"; strings.Join(got, " ") != want {
		t.Errorf("%v, want %s", got, want)
	}
}

// Each step's new name is free when its turn comes, and in the end all are right.
func TestRenames(t *testing.T) {
	for _, names := range []string{"eth0 eth1", "eth1 eth0", "eth2 eth0 eth1", "enp1s0 enp2s0", "enp1s0 eth0", "eth1 enp1s0", "eth0 eth2 eth1 usb0", "eth3 eth2 eth1 eth0", "eth5 eth6", ""} {
		t.Run(names, func(t *testing.T) {
			var nics []nic
			now := strings.Fields(names)
			for _, n := range now {
				nics = append(nics, nic{name: n})
			}
			for _, r := range renames(nics) {
				i := slices.Index(now, r.from)
				if i < 0 || slices.Contains(now, r.to) {
					t.Fatalf("cannot rename %s to %s among %v", r.from, r.to, now)
				}
				now[i] = r.to
			}
			for i, n := range now {
				if n != "eth"+string(rune('0'+i)) {
					t.Errorf("ends as %v", now)
				}
			}
		})
	}
}

func TestPortsOfTheWire(t *testing.T) {
	two, three := []nic{{name: "eth0"}, {name: "eth1"}}, []nic{{name: "eth0"}, {name: "eth1"}, {name: "eth2"}}
	for name, c := range map[string]struct {
		nics []nic
		line cmdline
		want [2]string
		bad  bool
	}{
		"the first two":             {three, "", [2]string{"eth0", "eth1"}, false},
		"those of the command line": {three, "limpid.ports=eth2,eth1", [2]string{"eth2", "eth1"}, false},
		"one of those is gone":      {two, "limpid.ports=eth2,eth1", [2]string{"eth0", "eth1"}, false},
		"only one":                  {two[:1], "", [2]string{}, true},
		"none":                      {nil, "", [2]string{}, true},
	} {
		if got, err := choosePorts(c.nics, c.line); got != c.want || (err != nil) != c.bad {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestWiredNICs(t *testing.T) {
	root := t.TempDir()
	class := filepath.Join(root, "class/net")
	add := func(name, device, kind, port string, more ...string) {
		folder := filepath.Join(class, name)
		errs := []error{os.MkdirAll(folder, 0o700), os.WriteFile(filepath.Join(folder, "type"), []byte(kind+"\n"), 0o600),
			os.WriteFile(filepath.Join(folder, "dev_port"), []byte(port+"\n"), 0o600)}
		if device != "" {
			full := filepath.Join(root, "devices", device)
			errs = append(errs, os.MkdirAll(full, 0o700), os.Symlink(full, filepath.Join(folder, "device")))
		}
		for _, m := range more {
			errs = append(errs, os.Mkdir(filepath.Join(folder, m), 0o700))
		}
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	add("lo", "", "772", "0")
	add("br0", "", "1", "0")
	add("wlan0", "pci0000:00/0000:04:00.0", "1", "0", "phy80211")
	add("ib0", "pci0000:00/0000:05:00.0", "32", "0")
	add("eth1", "pci0000:00/0000:02:00.0", "1", "0")
	add("eth0", "pci0000:00/0000:03:00.0", "1", "1")
	nics, err := wiredNICs(class)
	if err != nil || len(nics) != 2 || nics[0].name != "eth1" || nics[1].name != "eth0" || nics[1].port != 1 {
		t.Errorf("%+v, %v", nics, err)
	}
}

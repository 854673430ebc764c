package kmod

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true},
		{"*", "", true},
		{"a*", "", false},
		{"usb:v0BDAp8153d*dc*dsc*dp*ic*isc*ip*in*", "usb:v0BDAp8153d3000dc00dsc00dp00icFFiscFFip00in00", true},
		{"usb:v0BDAp8153d*dc*", "usb:v0BDAp8152d3000dc00", false},
		{"pci:v00001AF4d00001000sv*sd*bc*sc*i*", "pci:v00001AF4d00001000sv00001AF4sd00000001bc02sc00i00", true},
		{"dmi*:pnBox/2:*", "dmi:bvnX:pnBox/2:pvr1:", true},
		{"a[0-3]b", "a2b", true},
		{"a[0-3]b", "a4b", false},
		{"a[xy0-3]b", "ayb", true},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"*ab", "aab", true},
		{"*ab*", "aaxab", true},
		{"abc", "abcd", false},
		{"abcd", "abc", false},
		{"a[", "a[", true},
	} {
		if got := match(c.pattern, c.text); got != c.want {
			t.Errorf("match(%q, %q) is %v", c.pattern, c.text, got)
		}
	}
}

// sample is a module folder of a small kernel.
func sample(t *testing.T) *Index {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"modules.dep": "kernel/net/phy.ko:\n" +
			"kernel/net/r8169.ko: kernel/net/mdio-devres.ko kernel/net/phy.ko\n" +
			"kernel/net/mdio-devres.ko: kernel/net/phy.ko\n" +
			"kernel/net/realtek.ko.xz: kernel/net/phy.ko\n" +
			"kernel/fs/ring-a.ko:\nkernel/fs/ring-b.ko:\n",
		"modules.alias": "# Aliases extracted from modules themselves.\n" +
			"alias pci:v000010ECd00008168sv*sd*bc*sc*i* r8169\n" +
			"alias pci:v*d*sv*sd*bc02sc00i* fallback-nic\n" +
			"alias acpi*:PNP0C0C:* mdio-devres\n" +
			"alias fs-ring ring_a\n",
		"modules.softdep": "softdep r8169 pre: realtek post: other\n" +
			"softdep ring_a pre: ring_b\nsoftdep ring_b pre: ring_a\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	x, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestOrder(t *testing.T) {
	x := sample(t)
	for name, want := range map[string]string{
		"r8169":       "phy realtek mdio_devres r8169",
		"mdio-devres": "phy mdio_devres",
		"ring-a":      "ring_b ring_a",
		"builtin":     "",
	} {
		if got := strings.Join(x.Order(name), " "); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestWanted(t *testing.T) {
	x := sample(t)
	for modalias, want := range map[string]string{
		"pci:v000010ECd00008168sv00001849sd00008168bc02sc00i00": "r8169 fallback_nic",
		"pci:v00008086d00001234sv0sd0bc02sc00i00":               "fallback_nic",
		"pci:v00008086d00001234sv0sd0bc06sc00i00":               "",
		"acpi:PNP0C0C:": "mdio_devres",
		"fs-ring":       "ring_a",
		"usb:x":         "",
	} {
		if got := strings.Join(x.Wanted(modalias), " "); got != want {
			t.Errorf("%s: %q, want %q", modalias, got, want)
		}
	}
}

func TestKernelWithoutModules(t *testing.T) {
	x, err := Read(filepath.Join(t.TempDir(), "none"))
	if err != nil || !x.Empty() || len(x.Order("bridge")) != 0 || len(x.Wanted("pci:v")) != 0 {
		t.Errorf("%+v, %v", x, err)
	}
}

// Devices of a bus that only a module brings up are found too; each module is
// loaded once; one that cannot be loaded does not keep the others.
func TestColdplugLooksAgain(t *testing.T) {
	sys := t.TempDir()
	device := func(path, modalias string) {
		path = filepath.Join(sys, "devices", path)
		if err := errors.Join(os.MkdirAll(path, 0o700), os.WriteFile(filepath.Join(path, "modalias"), []byte(modalias+"\n"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	device("pci0/0000:02:00.0", "pci:v000010ECd00008168sv0sd0bc02sc00i00")
	device("pci0/0000:01:00.0", "fs-ring")
	l := NewLoader(sample(t))
	var order []string
	l.load = func(path string) error {
		order = append(order, nameOf(path))
		switch nameOf(path) {
		case "ring_a":
			device("pci0/0000:01:00.0/late", "pci:v000010ECd00008168sv1sd0bc02sc00i00")
		case "realtek": // only a soft need
			return os.ErrNotExist
		}
		return nil
	}
	loaded, err := l.Coldplug(t.Context(), sys)
	if err != nil {
		t.Error(err)
	}
	if got := strings.Join(order, " "); got != "ring_b ring_a phy realtek mdio_devres r8169" {
		t.Errorf("loaded %s", got)
	}
	if !slices.Equal(loaded, []string{"ring_a", "r8169", "fallback_nic"}) {
		t.Errorf("says %v", loaded)
	}
	if again, err := l.Coldplug(t.Context(), sys); err != nil || len(again) != 0 {
		t.Errorf("again: %v, %v", again, err)
	}
	l.done["phy"] = os.ErrPermission
	if err := l.Load("mdio-devres"); !errors.Is(err, os.ErrPermission) || err.Error() != "load module phy: permission denied" {
		t.Error(err)
	}
}

// What is postponed is loaded by nobody's device until it is no longer.
func TestPostpone(t *testing.T) {
	l := NewLoader(sample(t))
	var order []string
	l.load = func(path string) error { order = append(order, nameOf(path)); return nil }
	l.Postpone("kernel/net", "kernel/f")
	const nic = "pci:v000010ECd00008168sv0sd0bc02sc00i00"
	for range 2 {
		for _, modalias := range []string{nic, "fs-ring"} {
			if _, err := l.Device(modalias); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := strings.Join(order, " "); got != "ring_b ring_a" {
		t.Errorf("loaded %q before", got)
	}
	l.All()
	if names, err := l.Device(nic); err != nil || !slices.Equal(names, []string{"r8169", "fallback_nic"}) {
		t.Errorf("loaded %v, %v", names, err)
	}
}

func TestParseEvent(t *testing.T) {
	e, ok := parseEvent([]byte("add@/devices/x\x00ACTION=add\x00MODALIAS=usb:v1\x00DEVNAME=sda1\x00"))
	if !ok || e.Action != "add" || e.Path != "/devices/x" || e.Values["MODALIAS"] != "usb:v1" || e.Values["DEVNAME"] != "sda1" {
		t.Errorf("%+v, %v", e, ok)
	}
	if _, ok := parseEvent([]byte("libudev\x00\xfe\xed")); ok {
		t.Error("udev's own message was taken for the kernel's")
	}
}

func TestEventsEnd(t *testing.T) {
	e, err := OpenEvents()
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	ctx, stop := contextThatEnds(t)
	defer stop()
	if err := e.Each(ctx, func(Event) {}, func() {}); err != nil {
		t.Error(err)
	}
}

package falls

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Settings on a USB stick that is in the box when it starts are those of that start.
func TestSettingsOfAStick(t *testing.T) {
	t.Parallel() // most of it is waiting
	w, err := makeWorld()
	if err != nil {
		t.Fatal(err)
	}
	ctx, dir := limited(t), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "limpid.toml"), []byte("[bridge]\nports = [\"eth1\", \"eth0\"]\n[management]\naddress = \"192.0.2.10/24\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, words := range [][]string{{"mkfs.vfat", "-C", "stick", "16384"}, {"mcopy", "-i", "stick", "limpid.toml", "::/"}} {
		if err := command(ctx, dir, words...); err != nil {
			t.Fatal(err)
		}
	}
	d := w.newDisk(t)
	// The first start makes a data partition, for long enough to hide that the kernel looks at a stick late.
	b := start(ctx, t, w, d)
	b.expect("INLINE since")
	b.shell()
	b.must("sync")
	b.m.Kill()
	b = start(ctx, t, w, d, "-drive", "if=none,id=usb,format=raw,file="+filepath.Join(dir, "stick"), "-device", "usb-storage,drive=usb,bus=xhci.0")
	words := b.expect("INLINE since")
	if said := words[len(words)-1]; !strings.Contains(said, `msg="settings taken over" from=/dev/sda`) {
		t.Fatalf("the settings were not taken over:\n%s", said)
	}
	for _, want := range []string{"clients      eth1 up", "192.0.2.10/24 on br0"} {
		if _, err := b.m.Expect(ctx, want); err != nil {
			t.Error(err)
		}
	}
}

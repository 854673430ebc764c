package poweron

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// The disk cannot read the boot environment: the boot says so, proves healthy all the same, and writes it anew.
func TestBootenvIsWrittenAnew(t *testing.T) {
	d := newDisk(t, 80)
	contents, err := os.ReadFile(d.file.Name())
	if err != nil {
		t.Fatal(err)
	}
	at := int64(bytes.Index(contents, []byte("# GRUB Environment Block\n")))
	if at < 0 {
		t.Fatal("the disk has no boot environment")
	}
	disk := d.nbd()
	var refused atomic.Int64
	disk.Watch = func(a Access) error {
		if !a.Write && a.within(at, 512) {
			refused.Add(1)
			return errors.New("bad sector")
		}
		return nil
	}
	m, ctx := start(t, disk)
	for _, want := range []string{"unreadable boot environment: read /boot/limpid/bootenv: input/output error", "INLINE since"} {
		if _, err := m.Expect(ctx, want); err != nil {
			t.Fatal(err)
		}
	}
	if refused.Load() == 0 {
		t.Error("nobody has read the bad sector")
	}
	keys(ctx, t, m,
		"s", "limpid# ",
		"until /init update status | grep -q 'has proved healthy'; do sleep 1; done; echo com''mitted\n", "committed",
	)
	m.Kill()
	if got, want := d.env(t), "order=ab left_a=8 left_b=0"; got != want {
		t.Errorf("the boot environment is %q, want %q", got, want)
	}
}

// env gives the boot environment that the file system leads to.
func (d *testDisk) env(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "bootenv")
	run(t, "", "mcopy", "-i", fmt.Sprintf("%s@@%d", d.file.Name(), espStart), "::/limpid/bootenv", name)
	return strings.Join(strings.Fields(run(t, "", "grub-editenv", name, "list")), " ")
}

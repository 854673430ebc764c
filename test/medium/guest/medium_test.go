package guest

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"limpid/appliance/disk"
	"limpid/appliance/slots"
	"limpid/appliance/update"
)

func TestDiskIsFoundByItsPartitions(t *testing.T) {
	m := newMedium(t)
	ours, err := disk.ParseBooted("").Find("/sys")
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{disk.ESPName, "limpid-a", "limpid-b", disk.DataName} {
		if p, _ := ours.Partition(name); p.Device != m.device+"p"+string(rune('1'+i)) {
			t.Errorf("%s is %s, on %s", name, p.Device, m.device)
		}
	}
}

// A change of the choice reaches the disk at once, and writes two sectors of it:
// the one of the block that holds variables, and the folder entry with the time.
// Each is the old or the new one after a power cut, and either way the file
// system is whole.
func TestChoiceIsOneSectorOnFAT(t *testing.T) {
	m := newMedium(t)
	at := m.mount(t)
	if err := os.Mkdir(filepath.Join(at, "limpid"), 0o755); err != nil {
		t.Fatal(err)
	}
	env := slots.File(filepath.Join(at, slots.Path))
	command(t, "", "grub-editenv", string(env), "create")
	if _, err := env.Commit(slots.A); err != nil {
		t.Fatal(err)
	}
	unix.Sync()
	before := m.content(t)
	if _, err := env.Change(func(s slots.State) (slots.State, error) { return slots.Begin(s, slots.A) }); err != nil {
		t.Fatal(err)
	}
	if _, err := env.Change(func(s slots.State) (slots.State, error) { return slots.Try(s, slots.A) }); err != nil {
		t.Fatal(err)
	}
	after := m.content(t)
	var blocks, others int
	for at := 0; at < len(before); at += slots.Sector {
		old, now := before[at:at+slots.Sector], after[at:at+slots.Sector]
		switch {
		case bytes.Equal(old, now):
		case bytes.HasPrefix(old, []byte("# GRUB Environment Block\n")):
			blocks++
			if !bytes.Contains(now, []byte("\norder=ba\n")) || !bytes.Contains(now, []byte("\nleft_b=1\n")) {
				t.Errorf("the block on the disk is %q", now)
			}
		case bytes.Contains(old, []byte("BOOTENV")):
			others++
		default:
			t.Errorf("sector %d has changed: from %q to %q", at/slots.Sector, old[:64], now[:64])
		}
	}
	if blocks != 1 || others > 1 {
		t.Errorf("%d blocks and %d folder entries have changed", blocks, others)
	}
}

// What is verified after writing comes from the disk, not from memory; a slot
// that is in use is not written.
func TestPartitionIsReadBackFromTheDisk(t *testing.T) {
	m := newMedium(t)
	p, err := update.OpenPartition(m.device + "p3")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if size, err := p.Capacity(); err != nil || size != 8*mib {
		t.Errorf("%d bytes, %v", size, err)
	}
	data := bytes.Repeat([]byte("firmware"), mib/8)
	if _, err := p.WriteAt(data, 2*mib); err != nil {
		t.Fatal(err)
	}
	if err := p.Sync(); err != nil {
		t.Fatal(err)
	}
	where := m.start[2] + 2*mib
	if got := m.content(t)[where : where+mib]; !bytes.Equal(got, data) {
		t.Error("it is not on the disk")
	}
	// The disk forgets.
	file, err := os.OpenFile(m.file, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt([]byte("FIRM"), where); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 8)
	if _, err := p.ReadAt(got, 2*mib); err != nil || string(got) != "FIRMware" {
		t.Errorf("%q is read back, %v", got, err)
	}
	if _, err := p.WriteAt(data, 8*mib-1); err == nil {
		t.Error("more than the partition holds was written")
	}
	if _, err := update.OpenPartition(m.device + "p3"); !errors.Is(err, unix.EBUSY) {
		t.Errorf("opened twice: %v", err)
	}
}

func TestMountedPartitionIsNotOpened(t *testing.T) {
	m := newMedium(t)
	m.mount(t)
	if _, err := update.OpenPartition(m.device + "p1"); !errors.Is(err, unix.EBUSY) {
		t.Errorf("a mounted partition is opened: %v", err)
	}
}

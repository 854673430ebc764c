package disk

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

const (
	oneID   = "0fc63daf-8483-4772-8e79-3d69d8477de4"
	otherID = "4d8b3a52-0b7e-4f0e-9a36-0d2f6c1f4b11"
)

func TestBootedDisk(t *testing.T) {
	limpid := func(name string) Disk {
		return Disk{Name: name, Partitions: []Partition{{Name: "limpid-esp"}, {Name: "limpid-a"}, {Name: "limpid-b"}}}
	}
	foreign := Disk{Name: "sda", Partitions: []Partition{{Name: "EFI system"}, {Name: "limpid-data"}}}
	half := Disk{Name: "sdb", Partitions: []Partition{{Name: "limpid-esp"}, {Name: "limpid-a"}}}
	ids := map[string]string{"one": oneID, "other": otherID, "copy": oneID, "new": "", "newer": ""}
	identify := func(d Disk) (string, error) {
		id, ok := ids[d.Name]
		if !ok {
			return "", ErrNoTable
		}
		return id, nil
	}
	for name, test := range map[string]struct {
		cmdline string
		disks   []Disk
		want    string // name of the disk
		err     error
	}{
		"none":                           {"", []Disk{foreign, half}, "", ErrNoDisk},
		"one, nothing said":              {"limpid.slot=a", []Disk{foreign, limpid("one")}, "one", nil},
		"two, nothing said":              {"limpid.slot=a", []Disk{limpid("one"), limpid("other")}, "one", ErrManyDisks},
		"the second of two":              {"limpid.data=" + otherID, []Disk{limpid("one"), limpid("other")}, "other", nil},
		"in capitals":                    {"limpid.data=" + strings.ToUpper(otherID), []Disk{limpid("one"), limpid("other")}, "other", nil},
		"the last word holds":            {"limpid.data=" + oneID + " limpid.data=" + otherID, []Disk{limpid("one"), limpid("other")}, "other", nil},
		"only another is there yet":      {"limpid.data=" + otherID, []Disk{limpid("one")}, "", ErrNoDisk},
		"a new one beside an old one":    {"limpid.data= quiet", []Disk{limpid("one"), limpid("new")}, "new", nil},
		"two new ones":                   {"limpid.data=", []Disk{limpid("new"), limpid("newer")}, "new", ErrManyDisks},
		"a disk and a copy of it":        {"limpid.data=" + oneID, []Disk{limpid("one"), limpid("copy"), limpid("new")}, "one", ErrManyDisks},
		"its table cannot be read":       {"limpid.data=" + oneID, []Disk{limpid("damaged"), limpid("other")}, "damaged", nil},
		"another's table cannot be read": {"limpid.data=" + oneID, []Disk{limpid("damaged"), limpid("one")}, "one", nil},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := ParseBooted(test.cmdline).choose(test.disks, identify)
			if d.Name != test.want || !errors.Is(err, test.err) {
				t.Errorf("%q, %v, want %q, %v", d.Name, err, test.want, test.err)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "look for disks: ") {
				t.Error(err)
			}
		})
	}
}

// Two disks of one image, as the kernel shows them: the first boot is what tells them apart.
func TestFindBooted(t *testing.T) {
	files, ids := map[string]string{}, map[string]string{}
	for _, name := range []string{"sda", "sdb"} {
		disk := newDisk(t, 400)
		table, err := ReadTable(disk, 512)
		if err != nil {
			t.Fatal(err)
		}
		if name == "sdb" {
			if _, err := table.Claim(400 * mib / 512); err != nil {
				t.Fatal(err)
			}
			if err := table.Write(disk); err != nil {
				t.Fatal(err)
			}
		}
		if ids[name], err = dataID(Disk{Device: disk.Name(), Sector: 512}); err != nil {
			t.Fatal(err)
		}
		files["pci/"+name+"/uevent"] = "DEVNAME=.." + disk.Name() + "\n"
		files["pci/"+name+"/size"], files["pci/"+name+"/queue/logical_block_size"] = fmt.Sprintln(400*mib/512), "512\n"
		for i, part := range []string{ESPName, "limpid-a", "limpid-b"} {
			at := fmt.Sprintf("pci/%s/%s%d/", name, name, i+1)
			files[at+"uevent"], files[at+"partition"] = "PARTNAME="+part+"\n", fmt.Sprintln(i+1)
		}
	}
	if ids["sda"] != "" || len(ids["sdb"]) != len(oneID) {
		t.Fatalf("identities %q", ids)
	}
	root := sysfs(t, files)
	for name, id := range ids {
		if d, err := ParseBooted("limpid.data=" + id).Find(root); err != nil || d.Name != name {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
	if d, err := Named(root, "sdb"); err != nil || d.Name != "sdb" || !d.Ours() {
		t.Errorf("sdb by its name: %+v, %v", d, err)
	}
	if d, err := Named(root, "sdc"); !errors.Is(err, ErrNoDisk) {
		t.Errorf("sdc, which is not there: %+v, %v", d, err)
	}
	if d, err := ParseBooted("limpid.data=" + oneID).Find(root); !errors.Is(err, ErrNoDisk) {
		t.Errorf("a third disk: %+v, %v", d, err)
	}
}

func TestIdentityIsWrittenAsGRUBDoes(t *testing.T) {
	// grub-core/commands/probe.c of GRUB 2.06, and RFC 9562.
	if got := dataType().String(); got != oneID {
		t.Errorf("%s, want %s", got, oneID)
	}
}

package firmware

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"limpid/image/disk"
	"limpid/test/qemu"
)

// patience bounds a test's boots together; one takes some eight seconds on an idle machine.
const patience = 3 * time.Minute

// start boots the disk until the machine switches itself off, and gives the slots that were started, in order, and the
// whole console.
func start(t *testing.T, h Hardware) (slots, console string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	m, err := Start(ctx, h)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Wait(); err != nil {
		t.Fatalf("%v; the console's last lines:\n%s", err, qemu.Tail(m.Console()))
	}
	console = m.Console()
	var found []string
	for _, match := range regexp.MustCompile(`test init: started from slot (\w)`).FindAllStringSubmatch(console, -1) {
		found = append(found, match[1])
	}
	return strings.Join(found, " "), console
}

// zeros is what an erased block reads as.
var zeros = make([]byte, 1<<20)

func TestSlotChoice(t *testing.T) {
	kernelIn := func(t *testing.T, d *testDisk, partition int64) int64 {
		p, err := makeParts()
		if err != nil {
			t.Fatal(err)
		}
		return d.find(t, partition, p.kernel)
	}
	for _, test := range []struct {
		name  string
		a, b  string // what the slots do
		env   string // the boot environment before; "": that of a new disk
		spoil func(*testing.T, *testDisk)
		want  string   // the slots started
		left  string   // the boot environment after
		says  []string // on the console
	}{
		{
			name: "a new disk starts a", a: "off", b: "reboot",
			want: "a", left: "order=ab left_a=7 left_b=8",
		},
		{
			name: "a slot that never gets healthy is counted down and left", a: "reboot", b: "off",
			env: "order=ab left_a=2 left_b=8", want: "a a b", left: "order=ab left_a=0 left_b=7",
			says: []string{"slot a has no boots left"},
		},
		{
			name: "an update that panics has one try", a: "off", b: "panic",
			env: "order=ba left_a=8 left_b=1", want: "b a", left: "order=ba left_a=7 left_b=0",
			says: []string{"Attempted to kill init"},
		},
		{
			name: "nothing left: the first of order all the same", a: "reboot", b: "off",
			env: "order=ba left_a=0 left_b=0", want: "b", left: "order=ba left_a=0 left_b=0",
		},
		{
			name: "nine boots left", a: "off", b: "reboot",
			env: "order=ab left_a=9 left_b=9", want: "a", left: "order=ab left_a=8 left_b=9",
		},
		{
			name: "a flipped bit in the kernel", a: "reboot", b: "off",
			spoil: func(t *testing.T, d *testDisk) {
				at := kernelIn(t, d, disk.SlotAStart) + 6_000_000
				d.write(t, at, []byte{^d.read(t, at, 1)[0]})
			},
			want: "b", left: "order=ab left_a=7 left_b=7", says: []string{"slot a is damaged"},
		},
		{
			name: "an erased slot", a: "reboot", b: "off",
			spoil: func(t *testing.T, d *testDisk) { d.write(t, disk.SlotAStart, zeros) },
			want:  "b", left: "order=ab left_a=7 left_b=7", says: []string{"slot a is damaged"},
		},
		{
			name: "a damaged slot, and the other has no boots left", a: "reboot", b: "off",
			env:   "order=ab left_a=8 left_b=0",
			spoil: func(t *testing.T, d *testDisk) { d.write(t, disk.SlotAStart, zeros) },
			want:  "b", left: "order=ab left_a=7 left_b=0",
		},
		{
			name: "an interrupted update: the spare half written", a: "off", b: "reboot",
			env:   "order=ab left_a=8 left_b=0",
			spoil: func(t *testing.T, d *testDisk) { d.write(t, disk.SlotBStart+5_000_000, zeros) },
			want:  "a", left: "order=ab left_a=7 left_b=0",
		},
		{
			name: "both slots damaged where it does not stop them", a: "off", b: "reboot",
			spoil: func(t *testing.T, d *testDisk) {
				for _, slot := range []int64{disk.SlotAStart, disk.SlotBStart} {
					d.write(t, kernelIn(t, d, slot)+0x10, []byte("spoilt")) // behind the DOS header, where nothing looks
				}
			},
			want: "a", left: "order=ab left_a=7 left_b=7", says: []string{"slot a is damaged", "slot b is damaged"},
		},
		{
			name: "a first partition table of zeros", a: "off", b: "reboot",
			spoil: func(t *testing.T, d *testDisk) { d.write(t, disk.SectorSize, zeros[:33*disk.SectorSize]) },
			want:  "a", left: "order=ab left_a=7 left_b=8", // the firmware mends it from the second
		},
		{
			name: "a boot environment of zeros", a: "off", b: "reboot",
			spoil: func(t *testing.T, d *testDisk) { d.write(t, d.env, zeros[:1024]) },
			want:  "a", left: "unreadable", says: []string{"the boot environment is unreadable"},
		},
		{
			name: "an order that is none", a: "off", b: "reboot",
			env: "order=aa left_a=8 left_b=8", want: "a", left: "order=aa left_a=8 left_b=8",
			says: []string{"the boot environment is unreadable"},
		},
		{
			name: "a count that is none, and a does not load", a: "reboot", b: "off",
			env:   "order=ab left_a=10 left_b=8",
			spoil: func(t *testing.T, d *testDisk) { d.write(t, disk.SlotAStart, zeros) },
			want:  "b", left: "order=ab left_a=10 left_b=8", says: []string{"the boot environment is unreadable"},
		},
		{
			name: "a first sector that was never written: half an environment", a: "off", b: "reboot",
			spoil: func(t *testing.T, d *testDisk) { d.write(t, d.env, zeros[:512]) },
			want:  "a", left: "unreadable", says: []string{"the boot environment is unreadable"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDisk(t, test.a, test.b)
			if test.env != "" {
				d.setEnv(t, test.env)
			}
			if test.spoil != nil {
				test.spoil(t, d)
			}
			slots, console := start(t, Hardware{Disk: d.File})
			if slots != test.want {
				t.Errorf("started %q, want %q; the console's last lines:\n%s", slots, test.want, qemu.Tail(console))
			}
			if left := d.readEnv(t); left != test.left {
				t.Errorf("the boot environment is %q afterwards, want %q", left, test.left)
			}
			for _, text := range test.says {
				if !strings.Contains(console, text) {
					t.Errorf("the console does not say %q:\n%s", text, qemu.Tail(console))
				}
			}
		})
	}
}

// Disks on each bus that boxes have: GRUB must find its own disk again, and write to it.
func TestBuses(t *testing.T) {
	for _, bus := range []Bus{AHCI, NVMe, USB} {
		t.Run(string(bus), func(t *testing.T) {
			d := newDisk(t, "off", "reboot")
			slots, console := start(t, Hardware{Disk: d.File, Bus: bus})
			if left := d.readEnv(t); slots != "a" || left != "order=ab left_a=7 left_b=8" {
				t.Errorf("started %q, environment %q; the console's last lines:\n%s", slots, left, qemu.Tail(console))
			}
		})
	}
}

// A medium that refuses to be written still boots, and says that it does not count.
func TestReadOnlyDisk(t *testing.T) {
	d := newDisk(t, "off", "reboot")
	slots, console := start(t, Hardware{Disk: d.File, ReadOnly: true})
	if left := d.readEnv(t); slots != "a" || left != "order=ab left_a=8 left_b=8" || !strings.Contains(console, "this boot is not counted") {
		t.Errorf("started %q, environment %q; the console's last lines:\n%s", slots, left, qemu.Tail(console))
	}
}

// Two disks with limpid in one box, both from the same image: the slots and the environment are those of the disk that the
// firmware chose, and the kernel is told which that was.
func TestTwoDisks(t *testing.T) {
	chosen, other := newDisk(t, "off", "off"), newDisk(t, "reboot", "reboot")
	for d, id := range map[*testDisk]string{chosen: "4D8B3A52-0B7E-4F0E-9A36-0D2F6C1F4B11", other: "0FC63DAF-8483-4772-8E79-3D69D8477DE4"} {
		if err := d.AddData(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	more := []string{"-drive", "if=none,id=other,format=raw,file=" + other.File, "-device", "virtio-blk-pci,drive=other,bootindex=2"}
	slots, console := start(t, Hardware{Disk: chosen.File, Bus: USB, Args: more})
	if slots != "a" || chosen.readEnv(t) != "order=ab left_a=7 left_b=8" || other.readEnv(t) != "order=ab left_a=8 left_b=8" {
		t.Errorf("started %q, environments %q and %q; the console's last lines:\n%s", slots, chosen.readEnv(t), other.readEnv(t), qemu.Tail(console))
	}
	if !strings.Contains(console, `slot a of disk "4d8b3a52-0b7e-4f0e-9a36-0d2f6c1f4b11"`) {
		t.Errorf("the kernel was not told the disk; the console's last lines:\n%s", qemu.Tail(console))
	}
}

// Sectors that cannot be read, as a dying disk has them.
func TestUnreadableSectors(t *testing.T) {
	p, err := makeParts()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		at   func(*testDisk) int64
		a, b string
		want string
		left string
	}{
		{
			"in the kernel", func(d *testDisk) int64 { return d.find(t, disk.SlotAStart, p.kernel) + 3_000_000 }, "reboot", "off",
			"b", "order=ab left_a=7 left_b=7",
		},
		{
			"at the start of the slot", func(*testDisk) int64 { return disk.SlotAStart }, "reboot", "off",
			"b", "order=ab left_a=7 left_b=7",
		},
		{
			"in the boot environment", func(d *testDisk) int64 { return d.env }, "off", "reboot",
			"a", "order=ab left_a=8 left_b=8",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDisk(t, test.a, test.b)
			rules := filepath.Join(t.TempDir(), "blkdebug.conf")
			text := fmt.Sprintf("[inject-error]\nevent = \"read_aio\"\nerrno = \"5\"\nsector = \"%d\"\n", test.at(d)/disk.SectorSize)
			if err := os.WriteFile(rules, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			slots, console := start(t, Hardware{Disk: "blkdebug:" + rules + ":" + d.File})
			if slots != test.want {
				t.Errorf("started %q, want %q; the console's last lines:\n%s", slots, test.want, qemu.Tail(console))
			}
			if left := d.readEnv(t); left != test.left {
				t.Errorf("the boot environment is %q afterwards, want %q", left, test.left)
			}
		})
	}
}

// The plug is pulled again and again while GRUB counts and loads: the environment is whole each time, and no boot is
// counted twice.
func TestPowerCuts(t *testing.T) {
	d := newDisk(t, "hang", "hang")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	counts := []string{"8"}
	for i := range 6 {
		m, err := Start(ctx, Hardware{Disk: d.File})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Expect(ctx, "Welcome to GRUB"); err != nil {
			m.Kill()
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i) * 100 * time.Millisecond) // not awaited: the moment is to be any
		m.Kill()
		match := regexp.MustCompile(`^order=ab left_a=(\d) left_b=8$`).FindStringSubmatch(d.readEnv(t))
		if match == nil {
			t.Fatalf("the boot environment is %q after cut %d", d.readEnv(t), i)
		}
		last := counts[len(counts)-1][0]
		if now := match[1][0]; now != last && now != last-1 {
			t.Errorf("%c boots left after cut %d, and %c before", now, i, last)
		}
		counts = append(counts, match[1])
	}
	if len(slices.Compact(slices.Clone(counts))) == 1 {
		t.Errorf("no boot was counted: %v", counts)
	}
}

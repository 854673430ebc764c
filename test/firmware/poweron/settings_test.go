package poweron

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"limpid/test/vm"
)

// The power is cut at any moment while process 1 replaces the settings, on a disk that may lose whatever was not flushed:
// afterwards there are the old ones or the new ones, and those that were said to be there are.
func TestSettingsWhole(t *testing.T) {
	cuts := 20
	if text := os.Getenv("LIMPID_SETTINGS_CUTS"); text != "" {
		var err error
		if cuts, err = strconv.Atoi(text); err != nil || cuts < 1 {
			t.Fatalf("LIMPID_SETTINGS_CUTS=%q: want a number from 1 on", text)
		}
	}
	d := newDisk(t, 120)
	d.addData(t, dataFS(t, d.dataSize()))
	contents, err := os.ReadFile(d.file.Name())
	if err != nil {
		t.Fatal(err)
	}
	disk := d.nbd()
	disk.Cache = NewCache(contents)
	m, ctx := startWriter(t, disk)
	if _, err := m.Expect(ctx, "writer: settings 3 are there"); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "data")
	seen, lost, first := map[int]bool{}, 0, 0
	for cut := range cuts {
		time.Sleep(rand.N(100 * time.Millisecond))
		there := lastThere(t, m.Console())
		data, unsafe := disk.Cache.Cut(dataStart, d.dataSize())
		lost += unsafe
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		// As process 1 does before it mounts. 1: errors, mended (e2fsck(8)).
		out, err := exec.CommandContext(ctx, "e2fsck", "-p", file).CombinedOutput()
		if failure, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || failure.ExitCode() != 1) {
			t.Fatalf("cut %d: e2fsck -p: %v\n%s", cut, err, out)
		}
		text, err := exec.CommandContext(ctx, "debugfs", "-R", "cat /config/limpid.toml", file).Output()
		if err != nil {
			t.Fatalf("cut %d: %v", cut, err)
		}
		n, err := numberOf(string(text))
		if err != nil {
			t.Fatalf("cut %d, after settings %d: %v: %.200q", cut, there, err, text)
		}
		if n < there {
			t.Errorf("cut %d: settings %d are there, and %d were said to be", cut, n, there)
		}
		if cut == 0 {
			first = n
		}
		seen[n] = true
	}
	t.Logf("%d cuts: %d different settings, from %d on; %d sectors were not safe, of which half were lost", cuts, len(seen), first, lost)
	if len(seen) < cuts/2 || lost == 0 {
		t.Errorf("%d cuts saw %d different settings, and %d sectors that were not safe: they prove little", cuts, len(seen), lost)
	}
}

// startWriter starts a machine whose process 1 is the test binary of appliance/boot, which writes settings for ever.
func startWriter(t *testing.T, disk *NBD) (*Machine, context.Context) {
	t.Helper()
	return switchOn(t, 2*bootLimit, func(ctx context.Context, w world, dir string) Hardware {
		program := filepath.Join(dir, "writer")
		cmd := exec.CommandContext(ctx, "go", "test", "-c", "-trimpath", "-ldflags", "-s -w", "-o", program, "limpid/appliance/boot")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("build the tests of appliance/boot: %v\n%s", err, out)
		}
		root := filepath.Join(dir, "root")
		if err := (vm.Root{
			Kernel: w.kernel, Init: program, Programs: []string{"mke2fs", "e2fsck", "resize2fs"},
			Files:   map[string]string{"/etc/mke2fs.conf": "/etc/mke2fs.conf"},
			Modules: []string{"virtio_pci", "virtio_blk", "ext4", "crc32c_generic"},
		}).Write(ctx, root); err != nil {
			t.Fatal(err)
		}
		return Hardware{Kernel: w.kernel, Root: root, Append: "LIMPID_WRITER=1", Disk: disk}
	})
}

// lastThere gives the last settings that process 1 has said to be on the disk.
func lastThere(t *testing.T, console string) int {
	t.Helper()
	all := regexp.MustCompile(`(?m)^writer: settings (\d+) are there$`).FindAllStringSubmatch(console, -1)
	n, err := strconv.Atoi(all[len(all)-1][1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// numberOf gives the number of settings that are whole.
func numberOf(text string) (n int, err error) {
	at := strings.LastIndex(strings.TrimSuffix(text, "\n"), "\n") + 1
	if want := fmt.Sprintf("# %x\n", sha256.Sum256([]byte(text[:at]))); text[at:] != want {
		return 0, errors.New("the settings are not whole")
	}
	_, err = fmt.Sscanf(text, "# settings %d\n", &n)
	return n, err
}

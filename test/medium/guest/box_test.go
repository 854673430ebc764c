package guest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"limpid/appliance/control"
	"limpid/appliance/slots"
	"limpid/appliance/update"
)

// patience bounds whatever an emulated machine on a busy host does in seconds.
const patience = 2 * time.Minute

// box is limpid as it runs on a box: two ports, a disk with slots, the boot
// environment on its FAT, mounted where init does, and a kernel command line.
type box struct {
	medium
	env    slots.File
	run    string
	client *control.Client
	stop   func()
}

func newBox(t *testing.T) *box {
	t.Helper()
	b := &box{medium: newMedium(t), run: filepath.Join(t.TempDir(), "run")}
	if err := os.MkdirAll("/boot", 0o755); err != nil {
		t.Fatal(err)
	}
	command(t, "", "mount", "-t", "vfat", b.device+"p1", "/boot")
	t.Cleanup(func() {
		if err := unix.Unmount("/boot", 0); err != nil {
			t.Errorf("unmount /boot: %v", err)
		}
	})
	b.env = slots.File(filepath.Join("/boot", slots.Path))
	if err := os.MkdirAll(filepath.Dir(string(b.env)), 0o755); err != nil {
		t.Fatal(err)
	}
	command(t, "", "grub-editenv", string(b.env), "create")
	command(t, "", "grub-editenv", string(b.env), "set", "order=ab", "left_a=8", "left_b=8")
	for i, port := range []string{"lan", "wan"} {
		command(t, "", "ip", "link", "add", port, "type", "veth", "peer", "name", fmt.Sprintf("cable%d", i))
		command(t, "", "ip", "link", "set", fmt.Sprintf("cable%d", i), "up")
	}
	t.Cleanup(func() {
		for _, link := range []string{"lan", "wan", "br0"} {
			_ = exec.Command("ip", "link", "del", link).Run() //nolint:noctx // the test's context is over
		}
	})
	return b
}

// reboot has GRUB choose, and starts limpid from that slot.
func (b *box) reboot(t *testing.T) slots.Slot {
	t.Helper()
	var slot slots.Slot
	if _, err := b.env.Change(func(s slots.State) (after slots.State, err error) {
		slot, after, _ = slots.Choose(s, true, func(slots.Slot) bool { return true })
		return after, nil
	}); err != nil {
		t.Fatal(err)
	}
	if s, err := b.env.Count(slot); err != nil || s.Uncounted {
		t.Fatalf("the boot was not counted: %v, %v", s, err)
	}
	cmdline := filepath.Join(t.TempDir(), "cmdline")
	if err := os.WriteFile(cmdline, []byte("console=ttyS0 limpid.slot="+slot.String()+" panic=10\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount(cmdline, "/proc/cmdline", "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount("/proc/cmdline", 0); err != nil {
			t.Errorf("unmount /proc/cmdline: %v", err)
		}
	})
	config := filepath.Join(t.TempDir(), "limpid.toml")
	if err := os.WriteFile(config, []byte("[bridge]\nports = [\"lan\", \"wan\"]\n[management]\naddress = \"none\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	c := exec.Command("limpid", "supervise", "-c", config, "--run", b.run) //nolint:noctx // ended in order, by a signal
	c.Stderr = &log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	b.client = control.NewClient(b.run)
	done := false
	b.stop = func() {
		if done {
			return
		}
		done = true
		b.client.Close()
		if err := errors.Join(c.Process.Signal(syscall.SIGTERM), c.Wait()); err != nil {
			t.Errorf("limpid supervise: %v", err)
		}
		if t.Failed() {
			t.Logf("limpid supervise printed\n%s", log.String())
		}
	}
	t.Cleanup(b.stop)
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if _, err := b.client.Status(t.Context()); err == nil {
			return slot
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// gate runs the health gate as init does, but sooner content.
func (b *box) gate(t *testing.T, running slots.Slot, deadline time.Duration) (outcome update.Outcome, reboots int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	outcome = update.Gate{
		Running: running, Boot: b.env, Health: update.Health(b.client), Log: slog.New(slog.DiscardHandler),
		Reboot:   func(context.Context) error { reboots++; return nil },
		Interval: 200 * time.Millisecond, Steady: 3, Deadline: deadline,
	}.Run(ctx)
	return outcome, reboots
}

func (b *box) status(t *testing.T) control.Status {
	t.Helper()
	s, err := b.client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// awaitInline waits until new connections are captured. An emulated machine on
// a busy host may now and then be too slow for the watchdog.
func (b *box) awaitInline(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		s := b.status(t)
		if s.Mode == control.Inline {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the box is %s: %s", s.Mode, s.Reason)
		}
	}
}

// pack makes a bundle with limpid and cpio, as somebody at home would.
func pack(t *testing.T, version string) (path string, image []byte) {
	t.Helper()
	dir := t.TempDir()
	for name, data := range map[string][]byte{
		"release": []byte("IMAGE_ID=limpid-x86_64\nIMAGE_VERSION=" + version + "\n"),
		"rootfs":  bytes.Repeat([]byte("firmware "+version+" "), 300_000),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	slot := filepath.Join(dir, "slot.img")
	command(t, "release\nrootfs\n", "cpio", "--quiet", "-o", "-H", "newc", "-D", dir, "-F", slot)
	path = filepath.Join(dir, "new.bundle")
	command(t, "", "limpid", "bundle", "make", "--key", "/root/mine.key", "-o", path, slot)
	image, err := os.ReadFile(slot)
	if err != nil {
		t.Fatal(err)
	}
	return path, image
}

// The whole way on a real kernel, with the very program: a bundle is sent while
// the box is inline and stays so; the slot on the disk holds the image; the new
// firmware is tried and committed; one that never gets healthy is left again,
// and so is one that was gone back to.
func TestUpdateOfARunningBox(t *testing.T) {
	b := newBox(t)
	if err := os.MkdirAll(filepath.Dir(update.KeysPath), 0o755); err != nil {
		t.Fatal(err)
	}
	command(t, "", "limpid", "bundle", "key", "--no-password", "/root/mine")
	command(t, "", "cp", "/root/mine.pub", update.KeysPath)

	if slot := b.reboot(t); slot != slots.A {
		t.Fatalf("slot %v is booted", slot)
	}
	path, image := pack(t, "1.1.0")
	refusal, err := exec.CommandContext(t.Context(), "limpid", "update", path, "--run", b.run).CombinedOutput()
	if err == nil || !strings.Contains(string(refusal), "has not proved healthy yet") {
		t.Errorf("before the box has proved healthy: %v, %s", err, refusal)
	}
	if outcome, _ := b.gate(t, slots.A, patience); outcome != update.Committed {
		t.Fatalf("the first boot ends as %q: %+v", outcome, b.status(t))
	}
	before := b.content(t)
	if out := command(t, "", "limpid", "update", path, "--run", b.run); !strings.Contains(out, "slot b    1.1.0: the next boot tries it") {
		t.Errorf("update prints %s", out)
	}
	after := b.content(t)
	if !bytes.HasPrefix(after[b.start[2]:], image) || !bytes.Equal(after[b.start[1]:b.start[2]], before[b.start[1]:b.start[2]]) {
		t.Error("the slots do not hold what they should")
	}
	b.awaitInline(t)
	if out := command(t, "", "grub-editenv", string(b.env), "list"); out != "order=ba\nleft_a=8\nleft_b=1" {
		t.Errorf("GRUB reads %q", out)
	}
	b.stop()

	if slot := b.reboot(t); slot != slots.B {
		t.Fatalf("slot %v is booted", slot)
	}
	if outcome, _ := b.gate(t, slots.B, patience); outcome != update.Committed {
		t.Fatalf("the try ends as %q: %+v", outcome, b.status(t))
	}
	var u control.Update
	if err := json.Unmarshal([]byte(command(t, "", "limpid", "update", "status", "--json", "--run", b.run)), &u); err != nil || u.Running != "b" || !u.Healthy || u.Other.BootsLeft != slots.Full {
		t.Errorf("%+v, %v", u, err)
	}
	// Back to slot a, where limpid comes up and is ended: it never gets healthy.
	command(t, "", "limpid", "update", "back", "--run", b.run)
	b.stop()
	if slot := b.reboot(t); slot != slots.A {
		t.Fatalf("slot %v is booted", slot)
	}
	b.stop()
	if outcome, reboots := b.gate(t, slots.A, time.Second); outcome != update.FellBack || reboots != 1 {
		t.Errorf("a try without limpid ends as %q, %d reboots", outcome, reboots)
	}
	if slot := b.reboot(t); slot != slots.B {
		t.Fatalf("slot %v is booted", slot)
	}
	if out := command(t, "", "limpid", "update", "status", "--run", b.run); !strings.Contains(out, "slot a was booted and did not prove healthy") {
		t.Errorf("status prints %s", out)
	}
}

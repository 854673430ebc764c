package endtoend

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"limpid/appliance/control"
	"limpid/test/firmware"
	"limpid/test/lab"
	"limpid/test/qemu"
)

const (
	// repository is the folder of go.mod.
	repository = "../../.."
	// patience bounds one boot, or one thing that the box does, on a processor that is emulated and shared with other work.
	patience = 5 * time.Minute
	// diskSize leaves room for the data partition behind the image.
	diskSize = 512 << 20
)

// newBox puts a box with a new disk between a lab's clients and servers, and switches it on.
func newBox(t *testing.T) *firmware.Box {
	t.Helper()
	image, err := firmware.TestImage(t.Context(), repository)
	if err != nil {
		t.Fatal(err)
	}
	disk, err := firmware.CopyDisk(t.Context(), image, filepath.Join(t.TempDir(), "disk.img"), diskSize)
	if err != nil {
		t.Fatal(err)
	}
	b := &firmware.Box{
		Lab: lab.NewWith(t, lab.Options{Machine: true}), Disk: disk,
		Hardware: firmware.Hardware{CPUs: 2, Watchdog: true},
	}
	if err := b.On(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.Kill()
		if t.Failed() {
			t.Logf("the console's last lines:\n%s", qemu.Tail(b.Console()))
		}
	})
	return b
}

// waitInline waits for the end of a boot.
func waitInline(t *testing.T, b *firmware.Box, mark qemu.Mark) control.Status {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := b.WaitInline(ctx, mark)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestBox is one box's life, from its first start on.
func TestBox(t *testing.T) {
	b := newBox(t)
	first := waitInline(t, b, 0)
	for range attempts {
		if !late(first) {
			break
		}
		t.Logf("this machine is too busy for the box's phases, once more: %+v", first.Box.Phases)
		b.Kill()
		b = newBox(t)
		first = waitInline(t, b, 0)
	}
	t.Run("first boot", func(t *testing.T) { firstBoot(t, b, first) })
	t.Run("memory at idle", func(t *testing.T) { idleMemory(t, b) })
	t.Run("HTTP is captured", func(t *testing.T) { captured(t, b) })
	t.Run("all else is bridged", func(t *testing.T) { bridged(t, b) })
	t.Run("processes that are killed", func(t *testing.T) { kills(t, b) })
	t.Run("reboot", func(t *testing.T) { reboot(t, b) })
	t.Run("update by the page", func(t *testing.T) { updateByPage(t, b) })
	t.Run("power off", func(t *testing.T) { powerOff(t, b) })
}

// attempts is how often a boot is tried again that left a phase behind.
const attempts = 3

// late says whether a phase of the boot did not end within its limit, which is for real machines: one that is emulated and
// shares its processor with much else may be ten times as slow.
func late(s control.Status) bool {
	return slices.ContainsFunc(s.Box.Phases, func(p control.Phase) bool {
		return strings.Contains(p.Problem, "takes too long") || strings.Contains(p.Problem, "deadline exceeded")
	})
}

// firstBoot looks at what a new disk's first start has made.
func firstBoot(t *testing.T, b *firmware.Box, s control.Status) {
	logPhases(t, s)
	if s.Capture != "broute" || s.Handshake != "mirror" {
		t.Errorf("capture %q and handshake %q; the kernel has broute and mirror", s.Capture, s.Handshake)
	}
	if s.Box.Slot != "a" || s.Box.Data != control.DataDisk || s.Box.Config != control.ConfigDefaults || len(s.Box.Alarms) > 0 || len(s.Problems) > 0 {
		t.Errorf("box %+v, problems %q; want slot a, a data partition, the defaults, and nothing to complain of", s.Box, s.Problems)
	}
	if s.Box.Watchdog != "i6300ESB timer" {
		t.Errorf("the watchdog is %q", s.Box.Watchdog)
	}
	if said := b.Console(); !strings.Contains(said, `msg="data partition" device=/dev/vda4 new=true`) {
		t.Error("the data partition was not made")
	}
	shell(t, b, "grep -q '^/dev/vda4 /data ext4 rw,' /proc/mounts && touch /data/mark")
	waitEnv(t, b, "order=ab left_a=8 left_b=8")
}

// logPhases tells how long after the kernel's start frames crossed, and limpid was inline.
func logPhases(t *testing.T, s control.Status) {
	t.Helper()
	for _, p := range s.Box.Phases {
		if p.Problem != "" {
			t.Errorf("phase %s: %s", p.Name, p.Problem)
		}
		if p.Name == "bridge" || p.Name == "supervise" {
			t.Logf("phase %s ended %.1f s after the kernel's start", p.Name, p.Begun+p.Took)
		}
	}
}

// idleMemory is what a box needs that carries nothing. What boot needed beside is given back within a minute or so.
func idleMemory(t *testing.T, b *firmware.Box) {
	const limit = 128 << 10 // KiB
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Second) {
		var total, available int
		for line := range strings.Lines(shell(t, b, "cat /proc/meminfo")) {
			for name, to := range map[string]*int{"MemTotal: %d kB": &total, "MemAvailable: %d kB": &available} {
				_, _ = fmt.Sscanf(line, name, to) // most lines are others
			}
		}
		if total == 0 || available == 0 {
			t.Fatalf("of %d KiB %d are available", total, available)
		}
		used := total - available
		t.Logf("in use: %d MiB of %d", used>>10, total>>10)
		if used <= limit {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d KiB are in use; want at most %d", used, limit)
		}
	}
}

// shell runs a command in the box, which must end well.
func shell(t *testing.T, b *firmware.Box, command string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out, err := b.Shell().Run(ctx, command)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// waitEnv waits until the boot environment on the disk is this one.
func waitEnv(t *testing.T, b *firmware.Box, want string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Second) {
		env, err := b.Disk.Env(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if env == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the boot environment is %q, want %q", env, want)
		}
	}
}

// reboot presses Ctrl-Alt-Del: the box ends in order, and comes back with what it had.
func reboot(t *testing.T, b *firmware.Box) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	mark, s := restart(ctx, t, b)
	for range attempts {
		if !late(s) {
			break
		}
		t.Logf("this machine is too busy for the box's phases, once more: %+v", s.Box.Phases)
		mark, s = restart(ctx, t, b)
	}
	logPhases(t, s)
	said, err := b.ExpectSince(ctx, mark, "phase name=clock")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"limpid: slot a, boots left after this one: ", "new=false", "from=settings"} {
		if !strings.Contains(said, want) {
			t.Errorf("the second boot does not say %q:\n%s", want, qemu.Tail(said))
		}
	}
	if s.Box.Config != control.ConfigSettings || len(s.Box.Alarms) > 0 {
		t.Errorf("after the reboot the box is %+v; want the settings from the disk, and nothing to complain of", s.Box)
	}
	shell(t, b, "ls /data/mark /data/config/limpid.toml")
	waitEnv(t, b, "order=ab left_a=8 left_b=8")
	// It carries what it did before.
	captured(t, b)
}

// restart presses Ctrl-Alt-Del, and waits until the box is inline again; mark is where the console stood.
func restart(ctx context.Context, t *testing.T, b *firmware.Box) (mark qemu.Mark, s control.Status) {
	t.Helper()
	mark = b.Mark()
	if err := b.PressCtrlAltDel(ctx); err != nil {
		t.Fatal(err)
	}
	said, err := b.ExpectSince(ctx, mark, "msg=end how=reboot")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said, "msg=ending how=reboot") || strings.Contains(said, "step=") {
		t.Errorf("the end is not in order:\n%s", qemu.Tail(said))
	}
	return mark, waitInline(t, b, mark)
}

// powerOff presses the power button.
func powerOff(t *testing.T, b *firmware.Box) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if out := shell(t, b, "grep -E 'panic: |fatal error: |DATA RACE' /run/limpid/box.log || true"); out != "" {
		t.Errorf("the box's log:\n%s", out)
	}
	mark := b.Mark()
	if err := b.PressPower(ctx); err != nil {
		t.Fatal(err)
	}
	select {
	case <-b.Off():
	case <-ctx.Done():
		t.Fatal("the box is still on")
	}
	if err := b.Wait(); err != nil {
		t.Error(err)
	}
	if said, err := b.ExpectSince(ctx, mark, `msg=end how="power off"`); err != nil || strings.Contains(said, "step=") {
		t.Errorf("the end is not in order: %v\n%s", err, qemu.Tail(said))
	}
	waitEnv(t, b, "order=ab left_a=8 left_b=8")
}

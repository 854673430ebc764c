package boot

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"limpid/appliance/disk"
	"limpid/appliance/durable"
)

// The binary of these tests is also process 1 of a machine whose power is cut
// (test/firmware/poweron, TestSettingsWhole): the kernel gives it this variable.
func TestMain(m *testing.M) {
	if os.Getpid() == 1 && os.Getenv("LIMPID_WRITER") != "" {
		fmt.Println("writer:", writeSettings())
		_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	}
	os.Exit(m.Run())
}

// writeSettings opens the data partition as process 1 does, and then replaces the
// settings for ever, saying after each time which ones are there.
func writeSettings() error {
	for _, m := range [][2]string{{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/run"}} {
		if err := os.MkdirAll(m[1], 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m[0], m[1], m[0], 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m[1], err)
		}
	}
	ctx := context.Background()
	for _, module := range []string{"virtio_blk", "ext4"} {
		// It may be part of the kernel: then there is no such module, and no need of it.
		_ = exec.CommandContext(ctx, "/sbin/modprobe", module).Run()
	}
	var d disk.Disk
	for !d.Ours() {
		var err error
		if d, err = disk.ParseBooted("").Find("/sys"); err != nil {
			time.Sleep(50 * time.Millisecond) // the card has just been found
		}
	}
	if err := os.Setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"); err != nil {
		return err
	}
	run := func(ctx context.Context, program string, args ...string) (int, string, error) {
		cmd := exec.CommandContext(ctx, program, args...)
		cmd.Env = environment()
		out, err := cmd.CombinedOutput()
		return cmd.ProcessState.ExitCode(), string(out), err
	}
	if _, err := (disk.Opener{Sysfs: "/sys", Run: run}).Open(ctx, d, dataDir); err != nil {
		return err
	}
	if err := os.MkdirAll(configDir, 0o700); err != nil {
		return err
	}
	for n := 1; ; n++ {
		if err := durable.Replace(settingsPath, numbered(n), 0o600); err != nil {
			return err
		}
		fmt.Printf("writer: settings %d are there\n", n)
		if n%10 == 0 { // another file of process 1's, in the same folder
			if err := durable.Replace(filepath.Join(configDir, "clock"), numbered(n), 0o600); err != nil {
				return err
			}
		}
	}
}

// numbered gives the settings of a number: of any length up to 24 KiB, with a number
// and a sum to know them by.
func numbered(n int) []byte {
	text := fmt.Appendf(nil, "# settings %d\n", n)
	text = append(text, bytes.Repeat(fmt.Appendf(nil, "# %d\n", n), rand.IntN(4000))...)
	return fmt.Appendf(text, "# %x\n", sha256.Sum256(text))
}

package disk

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The descriptors of groups are gone, and the file is still there after the repair.
func TestRepairFromTheSpareSuperblock(t *testing.T) {
	files := t.TempDir()
	if err := os.WriteFile(filepath.Join(files, "settings"), []byte("whole\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	device := filepath.Join(t.TempDir(), "part")
	if out, err := exec.CommandContext(t.Context(), "mke2fs", "-q", "-t", "ext4", "-b", "4096", "-d", files, device, "160m").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	f, err := os.OpenFile(device, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(bytes.Repeat([]byte{0x5a}, 4096), 4096)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	o := Opener{Run: runHere}
	var opened Opened
	if err := o.check(t.Context(), Partition{Device: device}, &opened); err != nil {
		t.Fatal(err)
	}
	if len(opened.Alarms) != 1 || !strings.Contains(opened.Alarms[0], "damaged and has been repaired") {
		t.Errorf("alarms %q", opened.Alarms)
	}
	out, err := exec.CommandContext(t.Context(), "debugfs", "-R", "cat /settings", device).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "whole\n") {
		t.Errorf("%v: %s", err, out)
	}
}

// A file system that is smaller than its partition fills it afterwards.
func TestFileSystemGrows(t *testing.T) {
	device := filepath.Join(t.TempDir(), "part")
	if out, err := exec.CommandContext(t.Context(), "mke2fs", "-q", "-t", "ext4", "-b", "4096", device, "64m").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.Truncate(device, 300*mib); err != nil {
		t.Fatal(err)
	}
	var opened Opened
	if err := (Opener{Run: runHere}).check(t.Context(), Partition{Device: device}, &opened); err != nil || len(opened.Alarms) > 0 {
		t.Fatalf("%v, %q", err, opened.Alarms)
	}
	if larger, err := smallerThanDevice(device); err != nil || larger {
		t.Errorf("it has not grown: %v", err)
	}
}

// Without the tools there is no check, and that is said.
func TestToolsThatAreNotThere(t *testing.T) {
	o := Opener{Run: func(context.Context, string, ...string) (int, string, error) { return 0, "", os.ErrNotExist }}
	var opened Opened
	p := Partition{Device: filepath.Join(t.TempDir(), "part")}
	if err := os.WriteFile(p.Device, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := o.check(t.Context(), p, &opened); !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "check data partition "+p.Device) {
		t.Error(err)
	}
	if err := o.format(t.Context(), p); !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "format data partition "+p.Device) {
		t.Error(err)
	}
}

func runHere(ctx context.Context, program string, args ...string) (int, string, error) {
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), string(out), nil
	}
	return 0, string(out), err
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// probe uses what the root file system of the image has: its modules, in the way a box finds them, and its programs, on a
// second disk /dev/vdb that may be overwritten.
func probe(ctx context.Context) error {
	for _, m := range [][2]string{{"devtmpfs", "/dev"}, {"sysfs", "/sys"}, {"tmpfs", "/run"}} {
		if err := unix.Mount(m[0], m[1], m[0], 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m[1], err)
		}
	}
	for _, step := range []func(context.Context) error{loadByAlias, loadAll, programs, memory} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// loadByAlias loads a driver for everything the machine has, as a box does at boot, until nothing new appears.
func loadByAlias(ctx context.Context) error {
	asked := map[string]bool{}
	for more := true; more; {
		more = false
		err := filepath.WalkDir("/sys/devices", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.Name() != "modalias" {
				return nil //nolint:nilerr // devices come and go while drivers are loaded
			}
			alias, err := os.ReadFile(path)
			if name := strings.TrimSpace(string(alias)); err == nil && name != "" && !asked[name] {
				asked[name], more = true, true
				// Most of what a board has needs no driver of ours.
				_ = exec.CommandContext(ctx, "/sbin/modprobe", "-q", name).Run()
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, path := range []string{"/sys/class/net/eth0", "/sys/class/net/eth1", "/dev/vda3", "/dev/vdb"} {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("load drivers by alias: %w", err)
		}
	}
	return nil
}

// loadAll loads every module of the image with what modules.dep says it needs, and is content with one that finds no
// hardware.
func loadAll(context.Context) error {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return err
	}
	dir := filepath.Join("/lib/modules", unix.ByteSliceToString(u.Release[:]))
	index, err := os.Open(filepath.Join(dir, "modules.dep"))
	if err != nil {
		return err
	}
	defer index.Close()
	count := 0
	for lines := bufio.NewScanner(index); lines.Scan(); count++ {
		path, needs, _ := strings.Cut(lines.Text(), ":")
		for _, file := range slices.Backward(append([]string{path}, strings.Fields(needs)...)) {
			if err := load(filepath.Join(dir, file)); err != nil && (file != path || !errors.Is(err, unix.ENODEV)) {
				return fmt.Errorf("load %s for %s: %w", file, path, err)
			}
		}
	}
	fmt.Printf("probe: %d modules load\n", count)
	return nil
}

// load loads one module, if it is not there yet.
func load(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.FinitModule(int(f.Fd()), "", 0); err != nil && !errors.Is(err, unix.EEXIST) {
		return err
	}
	return nil
}

// programs runs each program of the image once, on something real.
func programs(ctx context.Context) error {
	for _, words := range [][]string{
		{"/sbin/mkfs.ext4", "-q", "-L", "limpid-data", "/dev/vdb"},
		{"/sbin/e2fsck", "-f", "-n", "/dev/vdb"},
		{"/sbin/resize2fs", "/dev/vdb"},
		{"/usr/sbin/nft", "add table inet probe"},
		{"/usr/sbin/nft", "list table inet probe"},
		{"/bin/sh", "-c", "ls / | grep data"},
	} {
		out, err := exec.CommandContext(ctx, words[0], words[1:]...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("run %s: %w: %s", strings.Join(words, " "), err, bytes.TrimSpace(out))
		}
	}
	if err := unix.Mount("/dev/vdb", "/data", "ext4", 0, ""); err != nil {
		return fmt.Errorf("mount /dev/vdb: %w", err)
	}
	if err := unix.Mount("/dev/vda1", "/mnt", "vfat", 0, ""); err != nil {
		return fmt.Errorf("mount the EFI system partition: %w", err)
	}
	for _, file := range []string{"/mnt/limpid/bootenv", "/etc/ssl/certs/ca-certificates.crt", "/etc/os-release"} {
		if _, err := os.Stat(file); err != nil {
			return err
		}
	}
	return nil
}

// memory says how much is in use.
func memory(context.Context) error {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "MemTotal") || strings.HasPrefix(line, "MemAvailable") {
			fmt.Print("probe: ", line)
		}
	}
	return nil
}

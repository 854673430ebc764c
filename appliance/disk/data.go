package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Opener makes the data partition usable.
type Opener struct {
	Sysfs string // /sys
	// Run runs one of e2fsprogs' programs, and gives its exit status and last words.
	Run func(ctx context.Context, program string, args ...string) (code int, words string, err error)
}

// Opened is a data partition that is mounted.
type Opened struct {
	Device   string
	ReadOnly bool     // only to be read: the disk refuses writes
	Made     bool     // new and empty
	Alarms   []string // what is not as it should be, and the mend
}

// e2fsck's exit status is a sum of these (e2fsck(8)).
const fsckUncorrected = 4

// mountFlags: nothing on the partition is ever run.
const mountFlags = unix.MS_NOATIME | unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC

// Open finds the data partition of a disk, or makes one, checks it, and mounts it
// at a folder. When ctx ends before, nothing is left mounted.
func (o Opener) Open(ctx context.Context, d Disk, at string) (Opened, error) {
	if d.ReadOnly {
		return o.openReadOnly(d, at)
	}
	p, opened, err := o.claim(d)
	if err != nil {
		return opened, err
	}
	opened.Device = p.Device
	if err := o.prepare(ctx, p, &opened); err != nil {
		return opened, err
	}
	if err := ctx.Err(); err != nil {
		return opened, err
	}
	if err := mount(p.Device, at, mountFlags, "errors=remount-ro"); err != nil {
		return opened, err
	}
	if ctx.Err() != nil {
		return opened, errors.Join(ctx.Err(), unix.Unmount(at, unix.MNT_DETACH))
	}
	switch err := tryWrite(at); {
	case errors.Is(err, unix.ENOSPC):
		opened.Alarms = append(opened.Alarms, "data partition is full: settings cannot be saved: make [log] keep or [cache] disk smaller")
	case err != nil:
		return opened, errors.Join(fmt.Errorf("write to data partition: %w", err), unix.Unmount(at, unix.MNT_DETACH))
	}
	return opened, nil
}

// openReadOnly mounts what is there. The journal cannot be replayed then, so it
// is not looked at either: better settings of a second before than none.
func (o Opener) openReadOnly(d Disk, at string) (Opened, error) {
	opened := Opened{ReadOnly: true, Alarms: []string{"disk " + d.Name + " is read-only: nothing is saved: see whether it has a switch, or replace it"}}
	p, ok := d.Partition(DataName)
	if !ok {
		return opened, fmt.Errorf("look for the data partition: there is none, and disk %s is read-only", d.Name)
	}
	opened.Device = p.Device
	return opened, mount(p.Device, at, mountFlags|unix.MS_RDONLY, "noload")
}

func mount(device, at string, flags uintptr, options string) error {
	if err := os.MkdirAll(at, 0o755); err != nil {
		return fmt.Errorf("mount %s: %w", device, err)
	}
	if err := unix.Mount(device, at, "ext4", flags, options); err != nil {
		return fmt.Errorf("mount %s: %w", device, err)
	}
	return nil
}

// tryWrite finds out whether a file can be written: a disk may refuse without
// having said so, or have no room.
func tryWrite(at string) error {
	path := filepath.Join(at, ".try")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, 4096))
	return errors.Join(err, f.Sync(), f.Close(), os.Remove(path))
}

// claim sees to it that the disk has a data partition.
func (o Opener) claim(d Disk) (Partition, Opened, error) {
	f, err := os.OpenFile(d.Device, os.O_RDWR, 0)
	if err != nil {
		return Partition{}, Opened{}, fmt.Errorf("open disk: %w", err)
	}
	defer f.Close()
	p, there := d.Partition(DataName)
	table, err := ReadTable(f, d.Sector)
	if err != nil {
		if there {
			// The kernel has it from the second copy, or was quicker than the damage.
			return p, Opened{Alarms: []string{fmt.Sprintf("partition table of %s: %v: save settings and flash the disk again", d.Name, err)}}, nil
		}
		return Partition{}, Opened{}, err
	}
	c, err := table.Claim(d.Size / d.Sector)
	switch {
	case err != nil:
		return Partition{}, Opened{}, err
	case c.Number == 0:
		return Partition{}, Opened{}, fmt.Errorf("make data partition: no room on %s: use a larger disk", d.Name)
	case !c.Changed:
		return p, Opened{}, nil
	}
	if c.Made {
		if err := blank(f, c.Start, c.Size); err != nil {
			return Partition{}, Opened{}, err
		}
	}
	if err := table.Write(f); err != nil {
		return Partition{}, Opened{}, err
	}
	if err := tellKernel(f, c); err != nil {
		return Partition{}, Opened{}, err
	}
	if there {
		return p, Opened{}, nil
	}
	p, err = o.await(d.Name, c.Number)
	return p, Opened{}, err
}

// await waits for a partition's device, which devtmpfs makes.
func (o Opener) await(disk string, number int) (Partition, error) {
	for range 50 {
		disks, err := Disks(o.Sysfs)
		if err != nil {
			return Partition{}, err
		}
		for _, d := range disks {
			for _, p := range d.Partitions {
				if d.Name == disk && p.Number == number {
					return p, nil
				}
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	return Partition{}, fmt.Errorf("make data partition: partition %d of %s does not appear", number, disk)
}

// prepare formats a new partition, and checks one that is there.
func (o Opener) prepare(ctx context.Context, p Partition, opened *Opened) error {
	f, err := os.Open(p.Device)
	if err != nil {
		return fmt.Errorf("open data partition: %w", err)
	}
	content, err := classify(f)
	f.Close()
	switch {
	case err != nil:
		return err
	case content == Foreign:
		return fmt.Errorf("data partition %s is damaged, or holds something else: flash the disk again, or erase the partition", p.Device)
	case content == Blank:
		opened.Made = true
		return o.format(ctx, p)
	}
	return o.check(ctx, p, opened)
}

func (o Opener) format(ctx context.Context, p Partition) error {
	// 2 % only for root, which is limpid init: logs and cache of the proxy leave room for the settings. Tables are written
	// when they are needed, so that a large disk is made at once.
	code, words, err := o.Run(ctx, "mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-m", "2", "-L", DataName,
		"-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard", p.Device)
	if err == nil && code != 0 {
		err = fmt.Errorf("status %d: %s", code, words)
	}
	if err != nil {
		return fmt.Errorf("format data partition %s: %w", p.Device, err)
	}
	return nil
}

// check repairs what can be repaired safely, then what can be repaired at all:
// nobody is there to be asked.
func (o Opener) check(ctx context.Context, p Partition, opened *Opened) error {
	differ, err := descriptorsDiffer(p.Device)
	if err != nil {
		return err
	}
	code, words := fsckUncorrected, ""
	if !differ {
		code, words, err = o.Run(ctx, "e2fsck", "-p", p.Device)
	}
	if err == nil && code >= fsckUncorrected && code < 2*fsckUncorrected {
		opened.Alarms = append(opened.Alarms, "data partition was damaged and has been repaired: look whether the settings are whole; the disk may be failing")
		code, words, err = o.Run(ctx, "e2fsck", repair(differ, p.Device)...)
	}
	switch {
	case err != nil:
		return fmt.Errorf("check data partition %s: %w", p.Device, err)
	case code >= fsckUncorrected:
		return fmt.Errorf("check data partition %s: it cannot be repaired (status %d: %s): flash the disk again, or erase the partition", p.Device, code, words)
	}
	return o.grow(ctx, p, opened)
}

// repair gives e2fsck's arguments for a repair whatever it takes, beginning with the
// spare superblock or not.
func repair(spare bool, device string) []string {
	if spare {
		return []string{"-f", "-y", "-b", "32768", "-B", "4096", device}
	}
	return []string{"-f", "-y", device}
}

// grow lets the file system fill its partition, which is larger after a disk was
// copied to a larger one. That it could not is no reason not to use it.
func (o Opener) grow(ctx context.Context, p Partition, opened *Opened) error {
	larger, err := smallerThanDevice(p.Device)
	if err != nil || !larger {
		return err
	}
	// resize2fs wants a check that was complete.
	code, words, err := o.Run(ctx, "e2fsck", "-f", "-p", p.Device)
	if err == nil && code < fsckUncorrected {
		code, words, err = o.Run(ctx, "resize2fs", p.Device)
	}
	if err == nil && code != 0 {
		err = fmt.Errorf("status %d: %s", code, words)
	}
	if err != nil {
		opened.Alarms = append(opened.Alarms, fmt.Sprintf("data partition does not fill the disk: %v", err))
	}
	return nil
}

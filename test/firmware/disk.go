package firmware

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"limpid/image/disk"
	"limpid/image/grub"
)

// Disk is a raw disk image with limpid's partitions. It may be looked at while a machine runs from it.
type Disk struct {
	File string
	env  int64 // where the boot environment lies
}

// OpenDisk finds its way on a disk image.
func OpenDisk(file string) (*Disk, error) {
	d := &Disk{File: file}
	start, err := d.Read(disk.ESPStart, 8<<20) // the files fill less
	if err != nil {
		return nil, err
	}
	for at := 0; ; {
		i := bytes.Index(start[at:], []byte(envMark))
		if i < 0 {
			return nil, fmt.Errorf("find the boot environment: there is none on %s", file)
		}
		// GRUB's own program holds these words too, but not at the start of a cluster.
		if at += i; at%disk.SectorSize == 0 {
			d.env = disk.ESPStart + int64(at)
			return d, nil
		}
		at++
	}
}

// envMark begins a boot environment.
const envMark = "# GRUB Environment Block\n"

// CopyDisk writes a copy of an image, of a size in bytes as disks have it: the image ends where the data partition is to
// begin.
func CopyDisk(ctx context.Context, image, file string, size int64) (*Disk, error) {
	if out, err := exec.CommandContext(ctx, "cp", "--sparse=always", image, file).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("copy disk image: %w: %s", err, bytes.TrimSpace(out))
	}
	if err := os.Truncate(file, size); err != nil {
		return nil, fmt.Errorf("copy disk image: %w", err)
	}
	return OpenDisk(file)
}

// dataSize of a data partition, in bytes.
const dataSize = 64 << 20

// AddData adds a data partition of an identity, with nothing on it, at the end of a new disk.
func (d *Disk) AddData(ctx context.Context, id string) error {
	if err := os.Truncate(d.File, disk.Size+dataSize); err != nil {
		return fmt.Errorf("add data partition: %w", err)
	}
	// The second copy of the table has to move to the end first.
	args := []string{"-e", "-n", "4:0:0", "-c", "4:limpid-data", "-u", "4:" + id, d.File}
	if out, err := exec.CommandContext(ctx, "sgdisk", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("add data partition: %w: %s; install gdisk", err, bytes.TrimSpace(out))
	}
	return nil
}

// Read gives bytes of the disk.
func (d *Disk) Read(at int64, n int) ([]byte, error) {
	f, err := os.Open(d.File)
	if err != nil {
		return nil, fmt.Errorf("read disk: %w", err)
	}
	defer f.Close()
	b := make([]byte, n)
	if _, err := f.ReadAt(b, at); err != nil {
		return nil, fmt.Errorf("read disk: %w", err)
	}
	return b, nil
}

// Write changes bytes of the disk.
func (d *Disk) Write(at int64, b []byte) error {
	f, err := os.OpenFile(d.File, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("write disk: %w", err)
	}
	_, err = f.WriteAt(b, at)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write disk: %w", err)
	}
	return nil
}

// SetEnv writes a boot environment such as "order=ab left_a=8 left_b=8".
func (d *Disk) SetEnv(state string) error {
	var variables []grub.Variable
	for word := range strings.FieldsSeq(state) {
		name, value, _ := strings.Cut(word, "=")
		variables = append(variables, grub.Variable{Name: name, Value: value})
	}
	block, err := grub.Env(variables...)
	if err != nil {
		return err
	}
	return d.Write(d.env, block)
}

// Env gives the boot environment in that form, as GRUB's own tool reads it; "unreadable" if it does not.
func (d *Disk) Env(ctx context.Context) (string, error) {
	block, err := d.Read(d.env, grub.EnvSize)
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp("", "limpid-bootenv-*")
	if err != nil {
		return "", fmt.Errorf("read boot environment: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // in vain at worst
	_, err = f.Write(block)
	if err := errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("read boot environment: %w", err)
	}
	out, err := exec.CommandContext(ctx, "grub-editenv", f.Name(), "list").Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
		return "unreadable", nil
	}
	if err != nil {
		return "", fmt.Errorf("read boot environment: %w; install grub-common", err)
	}
	return strings.Join(strings.Fields(string(out)), " "), nil
}

package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"limpid/image/disk"
	"limpid/image/grub"
	"limpid/image/slot"
)

// payload is what a profile gives: everything that is in a slot.
type payload struct {
	kernel   []byte
	root     []byte // compressed
	unpacked int    // bytes of the root file system before that; 0: not known
	about    string // one line for people
}

// build makes what the options ask for.
func build(ctx context.Context, o options, log *slog.Logger, stdout io.Writer) error {
	var p payload
	var err error
	if o.profile == profileBuildroot {
		p, err = fromBuildroot(o)
	} else {
		p, err = fromDebian(ctx, o, log)
	}
	if err != nil {
		return err
	}
	if err := p.report(o, stdout); err != nil {
		return err
	}
	contents, err := slot.Slot{
		Kernel: p.kernel, Root: p.root, Options: joinOptions(o.append), Release: release(o), Time: o.time,
	}.Pack()
	if err != nil {
		return err
	}
	if o.slot != "" {
		if err := writeFile(o.slot, stdout, func(f *output) error { return f.writeAll(contents) }); err != nil {
			return err
		}
	}
	if o.out == "" {
		return nil
	}
	files, err := bootFiles(ctx, o)
	if err != nil {
		return err
	}
	image := disk.Image{ESP: files, Slot: contents, Time: o.time}
	return writeFile(o.out, stdout, func(f *output) error {
		if err := f.Truncate(disk.Size); err != nil {
			return err
		}
		return image.Write(f)
	})
}

// bootFiles gives the files of the EFI system partition.
func bootFiles(ctx context.Context, o options) ([]disk.File, error) {
	program, err := grub.Make(ctx, o.grub, o.time)
	if err != nil {
		return nil, err
	}
	env, err := grub.FirstEnv()
	if err != nil {
		return nil, err
	}
	return []disk.File{
		// The path that firmware tries by itself on any disk (UEFI 2.10, section 3.5.1.1): no boot entry is needed.
		{Path: "EFI/BOOT/BOOTX64.EFI", Data: program},
		{Path: "limpid/bootenv", Data: env},
		{Path: "limpid/readme.txt", Data: []byte(readme)},
	}, nil
}

// readme is for who opens the EFI system partition on a computer; with line ends that every editor knows.
const readme = "This disk starts a limpid box: a wire between two network ports.\r\n" +
	"\r\n" +
	"bootenv says which of the two versions on the disk is started. limpid and its boot program\r\n" +
	"write it in place; do not edit, copy or defragment it.\r\n"

// joinOptions gives the kernel's command line.
func joinOptions(more string) string {
	if more == "" {
		return kernelOptions
	}
	return kernelOptions + " " + more
}

// report prints sizes, and refuses what is larger than asked for.
func (p payload) report(o options, stdout io.Writer) error {
	const mib = 1 << 20
	both := len(p.kernel) + len(p.root)
	fmt.Fprintf(stdout, "%s\n", p.about)
	fmt.Fprintf(stdout, "  kernel            %6.2f MiB\n", float64(len(p.kernel))/mib)
	fmt.Fprintf(stdout, "  root file system  %6.2f MiB compressed", float64(len(p.root))/mib)
	if p.unpacked > 0 {
		fmt.Fprintf(stdout, ", %.2f MiB in memory", float64(p.unpacked)/mib)
	}
	fmt.Fprintf(stdout, "\n  together          %6.2f MiB\n", float64(both)/mib)
	if o.limit > 0 && both > o.limit*mib {
		return fmt.Errorf("measure kernel and root file system: %.2f MiB together, and -limit allows %d", float64(both)/mib, o.limit)
	}
	return nil
}

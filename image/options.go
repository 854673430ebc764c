package main

import (
	"flag"
	"fmt"
	"io"
	"strconv"
	"time"

	"limpid/image/grub"
)

// Profiles: where kernel and root file system come from.
const (
	profileDev       = "dev"
	profileBuildroot = "buildroot"
)

// fixedTime is the time of all files when SOURCE_DATE_EPOCH does not say another: 2026-01-01 00:00 UTC.
const fixedTime = 1767225600

// kernelOptions is the command line of a slot's kernel, beside limpid.slot and panic=10, which grub.cfg gives: both
// consoles, the serial one as /dev/console; warnings only; a kernel that has lost its footing reboots instead of going
// on; and the second copy of the partition table is good enough when the first is not.
const kernelOptions = "console=tty0 console=ttyS0,115200 loglevel=5 oops=panic gpt transparent_hugepage=never"

// options is what the command line asks for.
type options struct {
	profile string
	out     string
	slot    string
	limpid  string
	from    string
	version string
	kernel  string
	append  string
	cache   string
	grub    string
	limit   int // MiB; 0: none
	time    time.Time
}

const usage = `Make limpid's disk image: boot program, two slots, room for the box's data. Needs no root.

  go run ./image -profile dev -o out/limpid.img
  go run ./image -profile buildroot -from buildroot/output/images -o out/limpid.img

The same input gives the same bytes. SOURCE_DATE_EPOCH sets the time of all files in it.
Write it to a whole disk (not to a partition), for example: dd if=out/limpid.img of=/dev/sdX bs=4M conv=fsync

`

// parseOptions reads the command line.
func parseOptions(args []string, getenv func(string) string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are printed once, by run
	flags.StringVar(&o.profile, "profile", profileDev, "`where from`: \"dev\" (Debian's kernel and programs) or \"buildroot\"")
	flags.StringVar(&o.out, "o", "", "`file` to write the disk image to")
	flags.StringVar(&o.slot, "slot", "", "`file` to write a slot's contents to as well: what an update bundle carries")
	flags.StringVar(&o.limpid, "limpid", "limpid", "dev: `file` of the limpid program, as make build leaves it")
	flags.StringVar(&o.from, "from", "", "buildroot: `folder` with bzImage and rootfs.cpio.zst or rootfs.cpio (Buildroot's output/images)")
	flags.StringVar(&o.version, "version", "unknown", "`version` written into the slot")
	flags.StringVar(&o.kernel, "kernel", "", "dev: Debian `package` of the kernel (default: the newest 6.12 with all drivers)")
	flags.StringVar(&o.append, "append", "", "`words` for the kernel's command line, behind the usual ones")
	flags.StringVar(&o.cache, "cache", ".cache/image", "dev: `folder` for downloaded packages")
	flags.StringVar(&o.grub, "grub", grub.ModuleDir, "`folder` of GRUB's modules for UEFI on x86-64")
	flags.IntVar(&o.limit, "limit", 0, "refuse a kernel and root file system larger than this many `MiB` together, compressed (0: any size that fits)")
	if err := flags.Parse(args); err != nil {
		if err == flag.ErrHelp { //nolint:errorlint // Parse gives it bare
			fmt.Fprint(stderr, usage)
			flags.SetOutput(stderr)
			flags.PrintDefaults()
		}
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag; folders and files are named by flags", flags.Arg(0))
	}
	var err error
	if o.time, err = imageTime(getenv("SOURCE_DATE_EPOCH")); err != nil {
		return o, err
	}
	return o, o.check()
}

// check refuses what does not go together.
func (o options) check() error {
	switch {
	case o.out == "" && o.slot == "":
		return fmt.Errorf("nothing to write: name the image with -o, for example -o out/limpid.img")
	case o.limit < 0:
		return fmt.Errorf("-limit is %d MiB; give 0 or more", o.limit)
	case o.profile == profileDev && o.from != "":
		return fmt.Errorf("-from is Buildroot's output: it goes with -profile buildroot")
	case o.profile == profileBuildroot && o.from == "":
		return fmt.Errorf("-profile buildroot needs -from, the folder with bzImage and rootfs.cpio")
	case o.profile != profileDev && o.profile != profileBuildroot:
		return fmt.Errorf("unknown profile %q; there are %q and %q", o.profile, profileDev, profileBuildroot)
	}
	return nil
}

// imageTime reads SOURCE_DATE_EPOCH: seconds since 1970, as https://reproducible-builds.org/specs/source-date-epoch has it.
func imageTime(epoch string) (time.Time, error) {
	if epoch == "" {
		return time.Unix(fixedTime, 0), nil
	}
	seconds, err := strconv.ParseUint(epoch, 10, 32)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH is %q; give whole seconds since 1970", epoch)
	}
	return time.Unix(int64(seconds), 0), nil
}

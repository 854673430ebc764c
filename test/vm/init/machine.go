package main

import (
	"fmt"

	"golang.org/x/sys/unix"

	"limpid/test/vm/channel"
)

// descriptors is the limit of open files for the program: thousands of connections, two descriptors each, in one
// process.
const descriptors = 1 << 20

// setUp makes the fresh kernel look like a started machine: a name, a loopback device and room for many sockets.
func setUp() error {
	if err := unix.Sethostname([]byte("limpid-vm")); err != nil {
		return fmt.Errorf("set host name: %w", err)
	}
	limit := unix.Rlimit{Cur: descriptors, Max: descriptors}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("raise limit of open files: %w", err)
	}
	if err := offerModprobe(); err != nil {
		return err
	}
	return raise("lo")
}

// raise sets a network device up.
func raise(name string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("raise %s: %w", name, err)
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq(name)
	if err != nil {
		return fmt.Errorf("raise %s: %w", name, err)
	}
	// SIOCSIFFLAGS takes the flags as a short (netdevice(7)).
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request); err != nil {
		return fmt.Errorf("raise %s: %w", name, err)
	}
	return nil
}

// readiness says which kernel runs and how long it took to get here.
func readiness() (channel.Ready, error) {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return channel.Ready{}, fmt.Errorf("read kernel release: %w", err)
	}
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return channel.Ready{}, fmt.Errorf("read uptime: %w", err)
	}
	return channel.Ready{
		Kernel: unix.ByteSliceToString(name.Release[:]),
		Uptime: float64(now.Nano()) / 1e9,
	}, nil
}

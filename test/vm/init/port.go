package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// portPatience is how long a virtio-serial port may take to appear: its device is probed in the background.
const portPatience = 10 * time.Second

// port is a virtio-serial port. It is written with blocking system calls, which return only when the host has taken
// the bytes (drivers/char/virtio_console.c, Linux 6.12), so that nothing is lost when the machine is powered off.
type port struct {
	fd int
}

// openPort waits for the port that the host gave this name and opens it.
func openPort(name string) (*port, error) {
	for deadline := time.Now().Add(portPatience); ; time.Sleep(10 * time.Millisecond) {
		device, err := findPort(name)
		if err != nil {
			return nil, fmt.Errorf("find port %s: %w", name, err)
		}
		if device != "" {
			fd, err := unix.Open(device, unix.O_WRONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				return nil, fmt.Errorf("open port %s: %w", device, err)
			}
			return &port{fd}, nil
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("find port %s: none appeared in %v; does the kernel have virtio_console?", name, portPatience)
		}
	}
}

// findPort gives the device of the named port, or "" when there is none yet.
func findPort(name string) (string, error) {
	files, err := filepath.Glob("/sys/class/virtio-ports/*/name")
	if err != nil {
		return "", err
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		if strings.TrimSpace(string(data)) == name {
			return filepath.Join("/dev", filepath.Base(filepath.Dir(file))), nil
		}
	}
	return "", nil
}

// Write writes all of b, waiting for the host as long as it takes.
func (p *port) Write(b []byte) (int, error) {
	done := 0
	for done < len(b) {
		n, err := unix.Write(p.fd, b[done:])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return done, fmt.Errorf("write port: %w", err)
		}
		done += n
	}
	return done, nil
}

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// machine is what the figures were taken on and with.
type machine struct {
	kernel, cpu string
	cores       int
	versions    []string
}

// readMachine asks the kernel and every program that takes part.
func readMachine(ctx context.Context, list []subject) (machine, error) {
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		return machine{}, fmt.Errorf("ask for the kernel's version: %w", err)
	}
	m := machine{kernel: "Linux " + unix.ByteSliceToString(uts.Release[:]) + " " + runtime.GOARCH, cpu: cpuModel(), cores: runtime.NumCPU()}
	for _, s := range list {
		if s.version == nil {
			continue
		}
		v, err := s.version(ctx)
		if err != nil {
			return machine{}, err
		}
		m.versions = append(m.versions, v)
	}
	// Both say it on stderr, and wrk with an exit code of 1.
	nginx, _ := exec.CommandContext(ctx, "nginx", "-v").CombinedOutput()
	wrk, _ := exec.CommandContext(ctx, "wrk", "--version").CombinedOutput()
	m.versions = append(m.versions, strings.TrimPrefix(firstLine(nginx), "nginx version: "), firstLine(wrk), runtime.Version())
	return m, nil
}

// cpuModel is what /proc/cpuinfo calls it; not every architecture has a name.
func cpuModel() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// describe is a list, one item a line. There is no date in it: the versions say
// what the figures are of, and the repository when they were taken.
func (m machine) describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "- Kernel: %s\n- CPU: %s, %d cores\n", m.kernel, m.cpu, m.cores)
	for _, v := range m.versions {
		fmt.Fprintf(&b, "- %s\n", v)
	}
	return b.String()
}

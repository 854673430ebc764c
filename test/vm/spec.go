package vm

import (
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Spec says what to run in the machine. Its zero value with a Binary is a useful one.
type Spec struct {
	Kernel   Kernel            // zero: Debian's, found and unpacked by DebianKernel
	Memory   int               // MiB, at least 256; 0: 2048
	CPUs     int               // 1 to 64; 0: 2
	Modules  []string          // kernel modules to load besides the usual ones (see bootModules)
	Programs []string          // host programs to carry, by name or absolute path, with their libraries
	Files    map[string]string // guest path -> host path of more files and folders
	Binary   string            // host path of the program to run; Test sets it
	Args     []string          // its arguments
	Env      []string          // "KEY=value", besides PATH, HOME, TERM, TMPDIR and LIMPID_VM=1
	Dir      string            // guest working directory, made if absent; "": /root
	Timeout  time.Duration     // from power-on to power-off; 0: 2 minutes
	OutDir   string            // host folder for the files the guest leaves in /out; "": they are dropped
	Output   io.Writer         // live copy of the program's output; nil: none
	Log      *slog.Logger      // what is being run and why; nil: silent

	// AllowSkip names inner tests that may skip, each with the reason why that hides nothing. Only Test reads it.
	AllowSkip map[string]string
}

// Result is what came back.
type Result struct {
	Kernel  string        // release that ran, as uname -r; "" when the guest never said it was ready
	Boot    time.Duration // from the start of QEMU until the program was started in the guest
	Elapsed time.Duration // from the start of QEMU to its end
	Exit    int           // the program's exit status; -1 when a signal ended it or it did not end
	Signal  string        // that signal's name
	Output  []byte        // standard output and error of the program, in order
	Console string        // everything on the kernel's console
	Files   []string      // files stored in Spec.OutDir, as relative paths
}

// Defaults and bounds of a Spec. The kernel with its modules and the lab's programs need some 200 MiB; QEMU's q35 board
// takes more processors than are of any use under emulation.
const (
	defaultMemory  = 2048
	minMemory      = 256
	defaultCPUs    = 2
	maxCPUs        = 64
	defaultTimeout = 2 * time.Minute
	defaultDir     = "/root"
)

// guestPath is the guest's PATH.
const guestPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// withDefaults fills what was left zero.
func (s Spec) withDefaults() Spec {
	if s.Memory == 0 {
		s.Memory = defaultMemory
	}
	if s.CPUs == 0 {
		s.CPUs = defaultCPUs
	}
	if s.Timeout == 0 {
		s.Timeout = defaultTimeout
	}
	if s.Dir == "" {
		s.Dir = defaultDir
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if s.Output == nil {
		s.Output = io.Discard
	}
	return s
}

// check refuses what cannot be run.
func (s Spec) check() error {
	switch {
	case s.Binary == "":
		return fmt.Errorf("read VM spec: no Binary; name the program to run")
	case s.Memory < minMemory:
		return fmt.Errorf("read VM spec: Memory is %d MiB; give at least %d", s.Memory, minMemory)
	case s.CPUs < 1 || s.CPUs > maxCPUs:
		return fmt.Errorf("read VM spec: CPUs is %d; give 1 to %d", s.CPUs, maxCPUs)
	case s.Timeout < 0:
		return fmt.Errorf("read VM spec: Timeout is %v; give a positive time", s.Timeout)
	case !filepath.IsAbs(s.Dir):
		return fmt.Errorf("read VM spec: Dir %q is not absolute", s.Dir)
	}
	for guest := range s.Files {
		if !filepath.IsAbs(guest) {
			return fmt.Errorf("read VM spec: guest path %q in Files is not absolute", guest)
		}
	}
	for _, v := range s.Env {
		if !strings.Contains(v, "=") {
			return fmt.Errorf("read VM spec: %q in Env is not KEY=value", v)
		}
	}
	return nil
}

// environment is the program's whole environment; later entries win.
func (s Spec) environment() []string {
	base := []string{"PATH=" + guestPath, "HOME=/root", "TERM=dumb", "TMPDIR=/tmp", insideEnv + "=1"}
	return slices.Concat(base, s.Env)
}

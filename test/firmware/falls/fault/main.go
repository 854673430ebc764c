// Command fault stands before limpid in a firmware that must fall back (rdinit=/fault on the kernel's command line), and
// breaks it as limpid.fault says:
//
//	kernel  the kernel panics at once
//	init    process 1 ends at once, which is a kernel panic too
//	hang    no process runs any more, process 1 included, as soon as there is a proxy: the hardware watchdog is not fed
//	proxy   each proxy is killed when it is found
//	page    each process of the page is stopped when it is found: it is there, and never answers
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	if err := run(); err != nil {
		fmt.Println("fault:", err)
	}
	os.Exit(1)
}

func run() error {
	if os.Getpid() != 1 {
		return breakLater(os.Getenv("FAULT"))
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	line, err := os.ReadFile("/proc/cmdline")
	if err != nil {
		return err
	}
	fault := ""
	for word := range strings.FieldsSeq(string(line)) {
		if value, ok := strings.CutPrefix(word, "limpid.fault="); ok {
			fault = value
		}
	}
	fmt.Printf("fault: %s\n", fault)
	switch fault {
	case "kernel":
		return os.WriteFile("/proc/sysrq-trigger", []byte("c"), 0)
	case "init":
		return errors.New("process 1 ends")
	}
	if _, err := os.StartProcess("/fault", []string{"fault"}, &os.ProcAttr{
		Env: []string{"FAULT=" + fault}, Files: []*os.File{nil, os.Stdout, os.Stderr},
	}); err != nil {
		return fmt.Errorf("start fault: %w", err)
	}
	return unix.Exec("/init", []string{"/init"}, os.Environ())
}

func breakLater(fault string) error {
	switch fault {
	case "proxy":
		strike("proxy", unix.SIGKILL)
	case "page":
		strike("web", unix.SIGSTOP)
	case "hang":
		for len(limpids("proxy")) == 0 {
			time.Sleep(100 * time.Millisecond)
		}
		err := hang()
		_ = os.WriteFile("/dev/kmsg", fmt.Appendf(nil, "<0>fault: everything hangs: %v\n", err), 0)
		select {}
	}
	return fmt.Errorf("no fault %q", fault)
}

// strike sends each process of a subcommand a signal, again and again.
func strike(subcommand string, signal unix.Signal) {
	struck := map[int]bool{}
	for {
		for _, pid := range limpids(subcommand) {
			if err := unix.Kill(pid, signal); err == nil && !struck[pid] {
				struck[pid] = true
				_ = os.WriteFile("/dev/kmsg", fmt.Appendf(nil, "<0>fault: %v: %s %d\n", signal, subcommand, pid), 0)
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// limpids gives the processes that run a subcommand of limpid.
func limpids(subcommand string) []int {
	names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	var found []int
	for _, name := range names {
		line, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		if words := bytes.Split(line, []byte{0}); len(words) > 1 && string(words[1]) == subcommand {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			if err == nil {
				found = append(found, pid)
			}
		}
	}
	return found
}

// hang has no process run any more, process 1 included (Documentation/admin-guide/cgroup-v2.rst, cgroup.freeze). Taking
// all processors at the highest priority would not: Linux 6.12 keeps a share for the others.
func hang() error {
	const group = "/run/cgroup/hung"
	if err := os.MkdirAll("/run/cgroup", 0o700); err != nil {
		return err
	}
	if err := unix.Mount("cgroup2", "/run/cgroup", "cgroup2", 0, ""); err != nil {
		return fmt.Errorf("mount cgroup2: %w", err)
	}
	if err := os.Mkdir(group, 0o700); err != nil {
		return err
	}
	// Process 1 last: it would start again what ends.
	names, _ := filepath.Glob("/proc/[0-9]*")
	for _, name := range append(names, "/proc/1") {
		if pid := filepath.Base(name); pid != strconv.Itoa(os.Getpid()) {
			// Threads of the kernel cannot be moved, and need not be.
			_ = os.WriteFile(group+"/cgroup.procs", []byte(pid), 0)
		}
	}
	return os.WriteFile(group+"/cgroup.freeze", []byte("1"), 0)
}

package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// cores is how the machine is shared out: the proxy has one for itself, client
// and servers have the others.
type cores struct {
	proxy  int
	others []int
}

// readCores shares out those that this process may run on.
func readCores() (cores, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return cores{}, fmt.Errorf("ask for the usable CPUs: %w", err)
	}
	var all []int
	for cpu := range len(set) * strconv.IntSize {
		if set.IsSet(cpu) {
			all = append(all, cpu)
		}
	}
	if len(all) < 2 {
		return cores{}, errors.New("pin the proxy to a core: there is only one; leave the pinned loads out with -loads")
	}
	return cores{all[0], all[1:]}, nil
}

// withdraw takes this process, and with it every lab that it builds, off the
// proxy's core; the function it returns lets it back.
func (c cores) withdraw() (back func() error, err error) {
	if err := confine(c.others); err != nil {
		return nil, err
	}
	return func() error { return confine(append([]int{c.proxy}, c.others...)) }, nil
}

// alone is an error unless every thread of some processes runs on the proxy's
// core and no other.
func (c cores) alone(parts map[int]string) error {
	for pid := range parts {
		entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		if err != nil {
			return fmt.Errorf("list threads: %w", err)
		}
		for _, e := range entries {
			tid, err := strconv.Atoi(e.Name())
			if err != nil {
				return fmt.Errorf("list threads: %w", err)
			}
			var set unix.CPUSet
			err = unix.SchedGetaffinity(tid, &set)
			if errors.Is(err, unix.ESRCH) {
				continue // it has ended since the list was read
			}
			if err != nil {
				return fmt.Errorf("ask for the CPUs of thread %d: %w", tid, err)
			}
			if set.Count() != 1 || !set.IsSet(c.proxy) {
				return fmt.Errorf("thread %d of process %d may use %d CPUs, want CPU %d alone", tid, pid, set.Count(), c.proxy)
			}
		}
	}
	return nil
}

// confine has every thread of this process run on some CPUs alone; later ones
// inherit that from the thread that starts them.
func confine(cpus []int) error { return confineProcess(os.Getpid(), cpus) }

// hold keeps processes on the proxy's core that have chosen others themselves,
// as Traffic Server does for its event threads.
func (c cores) hold(parts map[int]string) error {
	for pid := range parts {
		if err := confineProcess(pid, []int{c.proxy}); err != nil {
			return err
		}
	}
	return nil
}

func confineProcess(pid int, cpus []int) error {
	var set unix.CPUSet
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	var before []string
	// A thread may start another one while the list is read: until none is new.
	for {
		entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		if err != nil {
			return fmt.Errorf("list threads: %w", err)
		}
		var now []string
		for _, e := range entries {
			now = append(now, e.Name())
			tid, err := strconv.Atoi(e.Name())
			if err != nil {
				return fmt.Errorf("list threads: %w", err)
			}
			if err := unix.SchedSetaffinity(tid, &set); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("pin thread %d to CPUs %v: %w", tid, cpus, err)
			}
		}
		if slices.Equal(before, now) {
			return nil
		}
		before = now
	}
}

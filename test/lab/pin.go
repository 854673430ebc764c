package lab

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Pin has every program that is started in the node from now on run on these
// CPUs alone, as `taskset -c` would. What runs already stays where it is.
func (n *Node) Pin(cpus ...int) error {
	var set unix.CPUSet
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	// A program inherits the CPUs of the thread that starts it.
	err := n.keeper.do(func() error { return unix.SchedSetaffinity(0, &set) })
	if err != nil {
		return fmt.Errorf("pin the programs of %s to CPUs %v: %w", n.Name, cpus, err)
	}
	return nil
}

package lab

import (
	"fmt"
	"strings"
)

// faultContext is how many lines of the log an error about a fault shows.
const faultContext = 40

// faults are the words by which the Go runtime begins to tell that a program is
// wrong in itself, whatever it did meanwhile. What limpid's children write
// reaches its log as text within a record.
func faults() []string {
	return []string{"WARNING: DATA RACE", "panic: ", "fatal error: ", "runtime: out of memory", "unexpected fault address"}
}

// Fault is an error when a limpid process has written to stderr that it
// panicked, or that the race detector (EnvRace) found something; it shows the
// log from there on. The lab's Close asks every limpid for it.
func (p *Limpid) Fault() error { return faultIn(p.Log()) }

func faultIn(log string) error {
	lines := strings.Split(log, "\n")
	for i, line := range lines {
		for _, fault := range faults() {
			if strings.Contains(line, fault) {
				end := min(i+faultContext, len(lines))
				return fmt.Errorf("limpid wrote %q:\n%s", strings.TrimSpace(fault), strings.Join(lines[i:end], "\n"))
			}
		}
	}
	return nil
}

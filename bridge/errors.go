package bridge

import (
	"fmt"
	"strings"
)

// MissingPortError names configured ports that do not exist. Ensure and Watch adopt
// them when they come, so the caller of Check may choose to go on.
type MissingPortError struct{ Ports []string }

func (e *MissingPortError) Error() string {
	return fmt.Sprintf("port %s does not exist: plug it in or correct [bridge] ports (ip link shows the names)",
		strings.Join(e.Ports, " and "))
}

// UnsupportedError names what the running kernel lacks.
type UnsupportedError struct {
	Feature   string
	MinKernel string // first release that can have it
	Kconfig   string // the option it has to be built with
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("kernel has no %s: use Linux %s or later built with %s", e.Feature, e.MinKernel, e.Kconfig)
}

func errNoVLAN() error {
	return &UnsupportedError{Feature: "802.1Q VLAN devices", MinKernel: "2.6", Kconfig: "CONFIG_VLAN_8021Q"}
}

func errNoBridge() error {
	return &UnsupportedError{Feature: "Ethernet bridge", MinKernel: "2.6", Kconfig: "CONFIG_BRIDGE"}
}

// problems joins errors in one line. errors.Join would give one line for each.
type problems []error

func (p problems) Error() string {
	s := make([]string, len(p))
	for i, err := range p {
		s[i] = err.Error()
	}
	return strings.Join(s, "; ")
}

func (p problems) Unwrap() []error { return p }

// err keeps an empty list from becoming an error.
func (p problems) err() error {
	switch len(p) {
	case 0:
		return nil
	case 1:
		return p[0]
	}
	return p
}

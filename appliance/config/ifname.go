package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// maxIfName is the kernel's IFNAMSIZ less the closing NUL (include/uapi/linux/if.h).
const maxIfName = 15

// checkIfName refuses what the kernel would not take as an interface's name (dev_valid_name and the "%d" patterns of
// dev_alloc_name, net/core/dev.c), and names that mean something else below /proc/sys/net/*/conf.
func checkIfName(s string) error {
	bad := func(r rune) bool { return strings.ContainsRune(`/:%`, r) || unicode.IsSpace(r) || unicode.IsControl(r) }
	switch {
	case s == "":
		return errors.New("is empty; name a network interface")
	case len(s) > maxIfName:
		return fmt.Errorf("%s has %d bytes; an interface name has at most %d", quote(s), len(s), maxIfName)
	case strings.ContainsFunc(s, bad):
		return fmt.Errorf(`%s is no interface name; leave out spaces, "/", ":" and "%%"`, quote(s))
	case slices.Contains([]string{".", "..", "all", "default", "lo"}, s):
		return fmt.Errorf("%s is reserved; name another interface", quote(s))
	}
	return nil
}

// takeIfName accepts an interface's name.
func takeIfName(to *string) func(string) error {
	return func(s string) error {
		if err := checkIfName(s); err != nil {
			return err
		}
		*to = s
		return nil
	}
}

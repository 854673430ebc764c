package bridge

import (
	"fmt"

	"github.com/vishvananda/netlink"
)

// Rename gives a network interface, which must be down, another name.
func Rename(from, to string) error {
	link, err := netlink.LinkByName(from)
	if err == nil {
		err = netlink.LinkSetName(link, to)
	}
	if err != nil {
		return fmt.Errorf("rename %s to %s: %w", from, to, err)
	}
	return nil
}

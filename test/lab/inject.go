package lab

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Inject sends frames, as they are, out of an interface of the node. Sent from
// the port "box" of a switch it reaches the box directly: the way for frames
// that a switch would keep, such as link-local group addresses.
func (n *Node) Inject(iface string, frames ...[]byte) error {
	fd, err := n.packetSocket(iface, 0)
	if err != nil {
		return fmt.Errorf("inject at %s/%s: %w", n.Name, iface, err)
	}
	for _, frame := range frames {
		if err == nil {
			_, err = unix.Write(fd, frame)
		}
	}
	if err := errors.Join(err, unix.Close(fd)); err != nil {
		return fmt.Errorf("inject at %s/%s: %w", n.Name, iface, err)
	}
	return nil
}

package lab

import (
	"errors"
	"fmt"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Taps gives the two ends of the wire in a lab with Options.Machine, open for a
// program that is a network card: what it reads has crossed the clients' switch, or
// the servers', towards the box. The switches' ports have a carrier for as long as
// anybody holds the files; with the last one closed it is gone, as when a box is
// switched off, and Taps can be called again. Frames carry the kernel's header for
// virtual cards (IFF_VNET_HDR). The caller closes both.
func (l *Lab) Taps() (lan, wan *os.File, err error) {
	if lan, err = l.LANSwitch.tap(servers); err != nil {
		return nil, nil, err
	}
	if wan, err = l.WANSwitch.tap(clients); err != nil {
		return nil, nil, errors.Join(err, lan.Close())
	}
	return lan, wan, nil
}

// tap opens the switch's port "box", and makes it the first time.
func (n *Node) tap(towards side) (*os.File, error) {
	end := wireEnd{node: n.Name, iface: "box", master: "sw0", side: towards}
	var tap *os.File
	// A tap belongs to the namespace in which the device file was opened.
	err := n.keeper.do(func() (err error) {
		tap, err = openTap(end.iface)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open tap %s in %s: %w", end.iface, n.Name, err)
	}
	err = n.netlink(func(h *netlink.Handle) error {
		link, err := h.LinkByName(end.iface)
		if err != nil || link.Attrs().MasterIndex != 0 {
			return err
		}
		// Before it is up: it would be heard as itself.
		if err := h.LinkSetHardwareAddr(link, hardware(end.mac())); err != nil {
			return err
		}
		if err := enslave(h, link, end.master); err != nil {
			return err
		}
		n.addInterface(end.describe())
		return h.LinkSetUp(link)
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("set up tap %s in %s: %w", end.iface, n.Name, err), tap.Close())
	}
	return tap, nil
}

// openTap opens a tap by name; it stays when the file is closed.
func openTap(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/net/tun: %w: this kernel needs CONFIG_TUN", err)
	}
	ifr, err := unix.NewIfreq(name)
	if err == nil {
		ifr.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr)
	}
	if err == nil {
		err = unix.IoctlSetInt(fd, unix.TUNSETPERSIST, 1)
	}
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), name), nil
}

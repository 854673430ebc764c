package bridge

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
)

// Traffic is what an interface has carried, by the kernel's count, which begins
// with the interface: one that is unplugged and plugged in again begins at 0.
type Traffic struct {
	Present        bool
	Received, Sent Count
}

// Count is one direction.
type Count struct {
	Bytes   uint64 // with the Ethernet header, without the frame check sequence
	Packets uint64 // those that offloads merge count as the driver sees fit
	Errors  uint64
	Dropped uint64
}

// Traffic reads what both ports have carried. A port that is missing is no error.
func (b *Bridge) Traffic() (lan, wan Traffic, err error) {
	spec := b.current()
	k, err := openKernel()
	if err != nil {
		return Traffic{}, Traffic{}, err
	}
	defer k.close()
	if lan, err = k.traffic(spec.LAN); err != nil {
		return Traffic{}, Traffic{}, err
	}
	wan, err = k.traffic(spec.WAN)
	return lan, wan, err
}

func (k *kernel) traffic(name string) (Traffic, error) {
	link, err := k.handle.LinkByName(name)
	if _, missing := errors.AsType[netlink.LinkNotFoundError](err); missing {
		return Traffic{}, nil
	}
	if err != nil {
		return Traffic{}, fmt.Errorf("read counters of %s: %w", name, err)
	}
	s := link.Attrs().Statistics
	if s == nil {
		return Traffic{}, fmt.Errorf("read counters of %s: the kernel gave none", name)
	}
	return Traffic{
		Present:  true,
		Received: Count{Bytes: s.RxBytes, Packets: s.RxPackets, Errors: s.RxErrors, Dropped: s.RxDropped},
		Sent:     Count{Bytes: s.TxBytes, Packets: s.TxPackets, Errors: s.TxErrors, Dropped: s.TxDropped},
	}, nil
}

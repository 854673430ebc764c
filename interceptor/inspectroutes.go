package interceptor

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"syscall"

	raw "github.com/mdlayher/netlink"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// readRouting looks for every routing rule, route and made-up next hop.
func (f *Found) readRouting(s Spec) error {
	r, err := openRouting()
	if err != nil {
		return err
	}
	defer r.close()
	policies, ways := s.policies()
	for _, p := range policies {
		there, err := r.hasPolicy(p)
		if err != nil {
			return err
		}
		f.note(there, p.command())
	}
	for _, w := range ways {
		there, err := r.hasWay(w)
		if err != nil {
			return err
		}
		f.note(there, w.commands()[0])
		if w.device == "lo" {
			continue
		}
		if there, err = r.hasNeighbour(w); err != nil {
			return err
		}
		f.note(there, w.commands()[1])
		if there, err = r.hasEntry(w); err != nil {
			return err
		}
		f.note(there, w.commands()[2])
	}
	return nil
}

func (f *Found) note(there bool, command string) {
	switch {
	case there:
		f.Routes++
	case !slices.Contains(f.Lost, command): // an FDB entry serves both families
		f.Lost = append(f.Lost, command)
	}
}

func (r *routing) hasPolicy(p policy) (bool, error) {
	rules, err := r.handle.RuleList(p.family)
	if err != nil {
		return false, fmt.Errorf("list routing rules: %w", err)
	}
	return slices.ContainsFunc(rules, func(have netlink.Rule) bool {
		return have.Mark == uint32(p.mark) && have.Table == p.table && have.Priority == p.priority &&
			(have.Mask == nil && p.mask == ^Mark(0) || have.Mask != nil && *have.Mask == uint32(p.mask))
	}), nil
}

func (r *routing) hasWay(w way) (bool, error) {
	link, err := r.handle.LinkByName(w.device)
	if err != nil {
		return false, nil //nolint:nilerr // no device, no route
	}
	routes, err := r.handle.RouteListFiltered(w.family, &netlink.Route{Table: w.table}, netlink.RT_FILTER_TABLE)
	if err != nil {
		return false, fmt.Errorf("list routes of table %d: %w", w.table, err)
	}
	return slices.ContainsFunc(routes, func(have netlink.Route) bool {
		if have.LinkIndex != link.Attrs().Index {
			return false
		}
		if w.device == "lo" {
			return have.Type == unix.RTN_LOCAL
		}
		return have.Gw.Equal(w.via.ip.AsSlice())
	}), nil
}

func (r *routing) hasNeighbour(w way) (bool, error) {
	link, err := r.handle.LinkByName(w.device)
	if err != nil {
		return false, nil //nolint:nilerr // no device, no neighbour
	}
	known, err := r.handle.NeighList(link.Attrs().Index, w.family)
	if err != nil {
		return false, fmt.Errorf("list neighbours on %s: %w", w.device, err)
	}
	return slices.ContainsFunc(known, func(have netlink.Neigh) bool {
		return have.IP.Equal(w.via.ip.AsSlice()) && bytes.Equal(have.HardwareAddr, w.via.mac) && have.State&netlink.NUD_PERMANENT != 0
	}), nil
}

// hasEntry asks for one entry of the FDB, not for all: who is on the wire fills it
// (rtnl_fdb_get in net/core/rtnetlink.c, Linux 5.0).
func (r *routing) hasEntry(w way) (bool, error) {
	port, err := r.handle.LinkByName(w.via.port)
	if err != nil {
		return false, nil // no port, no entry
	}
	conn, err := raw.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		return false, fmt.Errorf("open route socket: %w", err)
	}
	defer func() { _ = conn.Close() }() // only read from
	ndmsg := make([]byte, unix.SizeofNdMsg)
	ndmsg[0], ndmsg[10] = unix.AF_BRIDGE, unix.NTF_MASTER
	binary.NativeEndian.PutUint32(ndmsg[4:], uint32(port.Attrs().Index))
	mac, err := raw.MarshalAttributes([]raw.Attribute{{Type: unix.NDA_LLADDR, Data: w.via.mac}})
	if err != nil {
		return false, fmt.Errorf("ask for FDB entry %v: %w", w.via.mac, err)
	}
	answers, err := conn.Execute(raw.Message{
		Header: raw.Header{Type: unix.RTM_GETNEIGH, Flags: raw.Request}, Data: append(ndmsg, mac...)})
	if errors.Is(err, syscall.ENOENT) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask for FDB entry %v on port %s: %w", w.via.mac, w.via.port, err)
	}
	// It answers with the bridge's entry for the MAC, whichever port that is on.
	return slices.ContainsFunc(answers, func(m raw.Message) bool {
		return len(m.Data) >= unix.SizeofNdMsg && int(int32(binary.NativeEndian.Uint32(m.Data[4:]))) == port.Attrs().Index
	}), nil
}

package lab

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"

	"limpid/interceptor"
	"limpid/interceptor/flows"
)

// Held is what limpid's rules hold of flows, each named by its tuple.
type Held struct {
	Clients []string        // clients' legs that are live, each of which has a slot
	Servers []string        // servers' legs that are live
	Over    []time.Duration // how long what is known of legs that are over, or half closed, will stay if nothing happens
	Rest    int             // what else is noted for a while
}

// Live is how many legs there are.
func (h Held) Live() int { return len(h.Clients) + len(h.Servers) }

// FlowsHeld reads the sets of limpid's bridge table, or the map of its programs. It is to
// be asked once while the caller has few descriptors: the library waits with select(2).
func (l *Lab) FlowsHeld() (h Held, err error) {
	err = l.Box.Do(func() error {
		conn, err := l.setReader()
		if err != nil {
			return err
		}
		sets, err := conn.GetSets(&nftables.Table{Name: "limpid", Family: nftables.TableFamilyBridge})
		switch {
		case err != nil:
		case len(sets) == 0:
			err = fmt.Errorf("no sets in table bridge limpid")
		case slices.ContainsFunc(sets, func(s *nftables.Set) bool { return s.Name == "down4" }):
			h, err = heldBySets(conn, sets)
		default:
			h, err = heldByPrograms()
		}
		return err
	})
	if err != nil {
		return Held{}, fmt.Errorf("read what is held of flows: %w", err)
	}
	return h, nil
}

// setReader opens its socket in the namespace of its first caller, which must be the box's.
func (l *Lab) setReader() (*nftables.Conn, error) {
	l.mu.Lock()
	conn := l.sets
	l.mu.Unlock()
	if conn != nil {
		return conn, nil
	}
	conn, err := nftables.New(nftables.AsLasting())
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.sets = conn
	l.mu.Unlock()
	l.onClose(conn.CloseLasting)
	return conn, nil
}

func heldBySets(conn *nftables.Conn, sets []*nftables.Set) (h Held, err error) {
	for _, s := range sets {
		if s.Name == "armed" || s.Name == "ports" {
			continue
		}
		elements, err := conn.GetSetElements(s)
		if err != nil {
			return Held{}, err
		}
		for _, e := range elements {
			switch strings.TrimRight(s.Name, "46") {
			case "down":
				h.Clients = append(h.Clients, tupleText(e.Key))
			case "up":
				h.Servers = append(h.Servers, tupleText(e.Key))
			case "ended_down", "ended_up":
				h.Over = append(h.Over, e.Expires)
			default:
				h.Rest++
			}
		}
	}
	return h, nil
}

// tupleText reads client address, client port, server address and server port, as they
// are in the key of a set.
func tupleText(key []byte) string {
	half := len(key) / 2
	client, _ := netip.AddrFromSlice(key[:half-4])
	server, _ := netip.AddrFromSlice(key[half : 2*half-4])
	return fmt.Sprintf("%v to %v", netip.AddrPortFrom(client, binary.BigEndian.Uint16(key[half-4:])), server)
}

func heldByPrograms() (h Held, err error) {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return Held{}, err
	}
	list, err := flows.Remembered("eth0")
	usual := interceptor.Spec{}.DefaultTimeouts()
	for _, f := range list {
		age, text := time.Duration(now.Nano())-f.Heard, fmt.Sprintf("%v to %v", f.Client, f.Server.Addr())
		if f.ClientLive {
			h.Clients = append(h.Clients, text)
		}
		if f.ServerLive {
			h.Servers = append(h.Servers, text)
		}
		switch {
		case !f.ClientLive && !f.ServerLive:
			h.Over = append(h.Over, usual.EndedTimeout-age)
		case !f.ClientLive || !f.ServerLive:
			h.Over = append(h.Over, usual.FlowTimeout-age)
		}
	}
	return h, err
}

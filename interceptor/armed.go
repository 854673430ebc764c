package interceptor

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/nftables"
)

// Arm lets new connections be captured for the next Spec.ArmedTimeout. Called
// again it prolongs that; when nobody calls it, the kernel stops capturing new
// connections by itself, while those that are captured go on.
func (i *Interceptor) Arm() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.spec == nil {
		return fmt.Errorf("arm capture: %w", errNotApplied)
	}
	armed, element := i.armedElement()
	// Adding an element that is there does not prolong it: add so that there
	// is one to delete, delete, add; in one transaction, so that no packet
	// sees it missing.
	if err := errors.Join(
		i.conn.SetAddElements(armed, element),
		i.conn.SetDeleteElements(armed, element),
		i.conn.SetAddElements(armed, element),
	); err != nil {
		return fmt.Errorf("arm capture: %w", err)
	}
	if err := i.conn.Flush(); err != nil {
		return fmt.Errorf("arm capture: %w", err)
	}
	return nil
}

// Disarm stops capturing new connections at once.
func (i *Interceptor) Disarm() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.spec == nil {
		return nil
	}
	armed, _ := i.armedElement()
	i.conn.FlushSet(armed)
	if err := i.conn.Flush(); err != nil {
		return fmt.Errorf("disarm capture: %w", err)
	}
	return nil
}

func (i *Interceptor) armedElement() (*nftables.Set, []nftables.SetElement) {
	return &nftables.Set{Table: bridgeTable(), Name: setArmed, KeyType: nftables.TypeIFName, HasTimeout: true},
		[]nftables.SetElement{{Key: nameBytes(i.spec.LAN), Timeout: i.spec.ArmedTimeout}}
}

// LearnBypass lets connections from client to server be bridged for d.
func (i *Interceptor) LearnBypass(client, server netip.Addr, d time.Duration) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.spec == nil {
		return fmt.Errorf("learn bypass of %v to %v: %w", client, server, errNotApplied)
	}
	for _, f := range i.spec.families() {
		if f.bits != client.BitLen() || f.bits != server.BitLen() {
			continue
		}
		keyType, err := nftables.ConcatSetType(f.addrType, f.addrType)
		if err != nil {
			return fmt.Errorf("learn bypass of %v to %v: %w", client, server, err)
		}
		learned := &nftables.Set{Table: bridgeTable(), Name: setLearned + f.suffix, KeyType: keyType, HasTimeout: true}
		key := append(client.AsSlice(), server.AsSlice()...)
		if err := i.conn.SetAddElements(learned, []nftables.SetElement{{Key: key, Timeout: d}}); err != nil {
			return fmt.Errorf("learn bypass of %v to %v: %w", client, server, err)
		}
		if err := i.conn.Flush(); err != nil {
			return fmt.Errorf("learn bypass of %v to %v: %w", client, server, err)
		}
		return nil
	}
	return fmt.Errorf("learn bypass of %v to %v: this address family is not captured", client, server)
}

package interceptor

import (
	"errors"
	"fmt"

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

package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"limpid/appliance/config"
	"limpid/appliance/lease"
	"limpid/appliance/supervise"
)

// addressRetry is how soon an address that could not be set is tried again.
const addressRetry = 5 * time.Second

// keepAddress gives the box the address that the configuration asks for.
func keepAddress(ctx context.Context, c *config.Config, wire supervise.Wire, flapped <-chan struct{}, log *slog.Logger) {
	m := c.Management
	if m.Interface != "" {
		log.Warn("the address of management.interface is the system's to set", "interface", m.Interface)
		return
	}
	if m.DHCP {
		lease.Keep(ctx, lease.Interface{Name: managementDevice(c)}, flapped, wire.SetAddress, log)
		return
	}
	complained := false
	for {
		err := wire.SetAddress(ctx, m.Address, m.Gateway)
		if err == nil || ctx.Err() != nil {
			return
		}
		if !complained {
			complained = true
			log.Error("management address is not set, trying again", "address", m.Address.String(), "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(addressRetry):
		}
	}
}

// managementDevice is the interface that carries the address: the bridge, or
// its device of the management VLAN, which bridge names alike.
func managementDevice(c *config.Config) string {
	if c.Management.VLAN != 0 {
		return fmt.Sprintf("%s.%d", c.Bridge.Name, c.Management.VLAN)
	}
	return c.Bridge.Name
}

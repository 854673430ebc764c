package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/appliance/lease"
	"limpid/appliance/supervise"
)

// addressRetry is how soon an address that could not be set is tried again.
const addressRetry = 5 * time.Second

// addressKeeper gives the box the address that the configuration asks for, and tells
// process 1, through the run directory, whom the box may ask for names and the time.
func addressKeeper(dir string) func(context.Context, *config.Config, supervise.Wire, <-chan struct{}, *slog.Logger) {
	return func(ctx context.Context, c *config.Config, wire supervise.Wire, flapped <-chan struct{}, log *slog.Logger) {
		keepAddress(ctx, c, wire, flapped, dir, log)
	}
}

func keepAddress(ctx context.Context, c *config.Config, wire supervise.Wire, flapped <-chan struct{}, dir string, log *slog.Logger) {
	m := c.Management
	tell := func(l lease.Lease) {
		if err := control.WriteNetwork(dir, networkOf(m, l)); err != nil {
			log.Warn("name and time servers", "error", err)
		}
	}
	tell(lease.Lease{})
	if m.Interface != "" {
		log.Warn("the address of management.interface is the system's to set", "interface", m.Interface)
		return
	}
	if m.DHCP {
		set := func(ctx context.Context, l lease.Lease) error {
			err := wire.SetAddress(ctx, l.Address, l.Gateway)
			if err == nil {
				tell(l)
			}
			return err
		}
		lease.Keep(ctx, lease.Interface{Name: managementDevice(c)}, flapped, set, log)
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

// mostOffered bounds how many servers of a lease are taken: an option has room for 63.
const mostOffered = 8

// networkOf says what address the box has, and whom it may ask: those of the settings, else with DHCP those
// of the lease. A box without an address can ask nobody.
func networkOf(m config.Management, l lease.Lease) control.Network {
	if m.None() {
		return control.Network{}
	}
	n := control.Network{DNS: m.DNS, NTP: m.NTP, Own: control.Address{Prefix: m.Address, Gateway: m.Gateway}}
	if m.DHCP {
		n.Own = control.Address{Prefix: l.Address, Gateway: l.Gateway}
	}
	if len(n.DNS) == 0 && m.DHCP {
		n.DNS = l.DNS[:min(len(l.DNS), mostOffered)]
	}
	if len(n.NTP) == 0 && m.DHCP {
		n.NTP = nil
		for _, a := range l.NTP[:min(len(l.NTP), mostOffered)] {
			n.NTP = append(n.NTP, a.String())
		}
	}
	return n
}

// managementDevice is the interface that carries the address: the bridge, or
// its device of the management VLAN, which bridge names alike.
func managementDevice(c *config.Config) string {
	if c.Management.VLAN != 0 {
		return fmt.Sprintf("%s.%d", c.Bridge.Name, c.Management.VLAN)
	}
	return c.Bridge.Name
}

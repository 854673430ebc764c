package main

import (
	"net/netip"
	"reflect"
	"testing"

	"limpid/appliance/config"
	"limpid/appliance/control"
	"limpid/appliance/lease"
)

func addrs(texts ...string) []netip.Addr {
	var all []netip.Addr
	for _, s := range texts {
		all = append(all, netip.MustParseAddr(s))
	}
	return all
}

func TestWhomTheBoxAsks(t *testing.T) {
	fixed := netip.MustParsePrefix("192.0.2.10/24")
	offered := lease.Lease{DNS: addrs("192.0.2.53"), NTP: addrs("192.0.2.123", "192.0.2.124")}
	many := lease.Lease{NTP: addrs("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6", "192.0.2.7", "192.0.2.8", "192.0.2.9")}
	for name, c := range map[string]struct {
		m     config.Management
		lease lease.Lease
		want  control.Network
	}{
		"no lease yet":         {config.Management{DHCP: true}, lease.Lease{}, control.Network{}},
		"those offered":        {config.Management{DHCP: true}, offered, control.Network{DNS: addrs("192.0.2.53"), NTP: []string{"192.0.2.123", "192.0.2.124"}}},
		"own names":            {config.Management{DHCP: true, DNS: addrs("192.0.2.5")}, offered, control.Network{DNS: addrs("192.0.2.5"), NTP: []string{"192.0.2.123", "192.0.2.124"}}},
		"own time":             {config.Management{DHCP: true, NTP: []string{"time.example"}}, offered, control.Network{DNS: addrs("192.0.2.53"), NTP: []string{"time.example"}}},
		"own ones, no lease":   {config.Management{DHCP: true, NTP: []string{"time.example"}, DNS: addrs("192.0.2.5")}, lease.Lease{}, control.Network{DNS: addrs("192.0.2.5"), NTP: []string{"time.example"}}},
		"fixed, nobody":        {config.Management{Address: fixed}, lease.Lease{}, control.Network{}},
		"fixed, somebody":      {config.Management{Address: fixed, NTP: []string{"time.example"}}, lease.Lease{}, control.Network{NTP: []string{"time.example"}}},
		"no address":           {config.Management{DNS: addrs("192.0.2.5"), NTP: []string{"time.example"}}, lease.Lease{}, control.Network{}},
		"a server with plenty": {config.Management{DHCP: true}, many, control.Network{NTP: []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6", "192.0.2.7", "192.0.2.8"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := networkOf(c.m, c.lease)
			if len(got.DNS)+len(c.want.DNS) > 0 && !reflect.DeepEqual(got.DNS, c.want.DNS) || len(got.NTP)+len(c.want.NTP) > 0 && !reflect.DeepEqual(got.NTP, c.want.NTP) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// The address that holds is that of the lease, and none before there is one.
func TestOwnAddress(t *testing.T) {
	own := control.Address{Prefix: netip.MustParsePrefix("192.0.2.10/24"), Gateway: netip.MustParseAddr("192.0.2.1")}
	leased := lease.Lease{Address: own.Prefix, Gateway: own.Gateway}
	for name, c := range map[string]struct {
		m     config.Management
		lease lease.Lease
		want  control.Address
	}{
		"by DHCP":      {config.Management{DHCP: true}, leased, own},
		"no lease yet": {config.Management{DHCP: true}, lease.Lease{}, control.Address{}},
		"fixed":        {config.Management{Address: own.Prefix, Gateway: own.Gateway}, lease.Lease{}, own},
		"none":         {config.Management{}, leased, control.Address{}},
	} {
		if got := networkOf(c.m, c.lease).Own; got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

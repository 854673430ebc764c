package main

import (
	"context"
	"errors"
	"fmt"
)

const (
	// churnPorts are so few that the client comes back with each of them within
	// seconds, as it would after a minute if it had all: a proxy that still holds
	// the end of a connection stumbles when its ports and address come again.
	churnFirst, churnPorts = 10000, 4000
	portRange              = "ipv4/ip_local_port_range"
)

// churn opens connections as fast as they end, from few ports.
func (s site) churn(ctx context.Context, p pace) (w work, err error) {
	usual, err := s.lab.C1.Sysctl(portRange)
	if err != nil {
		return work{}, err
	}
	if err := s.lab.C1.SetSysctl(portRange, fmt.Sprintf("%d %d", churnFirst, churnFirst+churnPorts-1)); err != nil {
		return work{}, err
	}
	defer func() { err = errors.Join(err, s.lab.C1.SetSysctl(portRange, usual)) }()
	return s.drive(ctx, p)
}

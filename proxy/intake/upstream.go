package intake

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"limpid/proxy/handover"
	"limpid/proxy/socket"
)

// Upstream says how servers are connected to. Gate and proxy are told the same.
type Upstream struct {
	// KeepPort has the upstream use the client's own port, KeepAddress its
	// address; without KeepAddress the box's own is used.
	KeepPort    bool `json:"keep_port"`
	KeepAddress bool `json:"keep_address"`
	// HealthOrigin is where the watchdog's checks are connected to.
	HealthOrigin netip.AddrPort `json:"health_origin"`
}

// BindAs binds a transparent socket to what is kept of the client's address
// and port, and does nothing when the box's own address is used. It returns
// what bind(2) does.
func (u *Upstream) BindAs(fd int, client netip.AddrPort) error {
	if !u.KeepAddress {
		return nil
	}
	if !u.KeepPort {
		client = netip.AddrPortFrom(client.Addr(), 0)
	}
	return socket.Bind(fd, client)
}

// ConnectHealth gives f, a connection to the listener itself over loopback, its
// upstream: only the watchdog connects like that, and its check takes the same
// way as any other flow.
func (u *Upstream) ConnectHealth(f *handover.Flow) error {
	if !f.Client.Addr().IsLoopback() || !u.HealthOrigin.IsValid() {
		return fmt.Errorf("take connection from %v to the listener itself: %w", f.Client, unix.EINVAL)
	}
	f.Health = true
	fd, err := connectFromBox(u.HealthOrigin)
	if err != nil {
		return fmt.Errorf("reach the health origin: %w", err)
	}
	f.UpstreamFD = fd
	return nil
}

// connectFromBox begins a connection from the box's own address.
func connectFromBox(to netip.AddrPort) (int, error) {
	fd, err := socket.New(socket.FamilyOf(to.Addr()))
	if err != nil {
		return -1, err
	}
	if err := socket.Connect(fd, to); err != nil {
		socket.Close(fd)
		return -1, fmt.Errorf("connect to %v: %w", to, err)
	}
	return fd, nil
}

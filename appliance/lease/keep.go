package lease

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"
)

// ErrRefused is a server's NAK.
var ErrRefused = errors.New("the DHCP server refused")

// Client asks the network. Ask returns ErrRefused for a NAK, and any other
// error when nobody answered.
type Client interface {
	Ask(ctx context.Context, q Question, held *Lease) (Lease, error)
}

// Keep holds a lease until ctx ends. set is called with each lease
// that says something new, and with the zero Lease when there is none any longer;
// it is called again when it fails. flapped tells that the link was down and is up again.
// The address stays when ctx ends: a restart must not cut its user off.
func Keep(ctx context.Context, client Client, flapped <-chan struct{}, set func(context.Context, Lease) error, log *slog.Logger) {
	k := keeper{client: client, set: set, log: log}
	for ctx.Err() == nil {
		if question := k.machine.Ask(time.Now()); question != Nothing {
			k.ask(ctx, question)
		}
		k.apply(ctx)
		k.wait(ctx, flapped)
	}
}

type keeper struct {
	machine Machine
	client  Client
	set     func(context.Context, Lease) error
	log     *slog.Logger

	applied  bool   // something was set successfully
	current  *Lease // what was set
	troubled string // the last complaint
}

// retry is how soon an address that could not be set is set again.
const retry = 5 * time.Second

func (k *keeper) ask(ctx context.Context, question Question) {
	asking, cancel := ctx, context.CancelFunc(func() {})
	if end := k.machine.End(); !end.IsZero() {
		// No answer is waited for longer than the address may be used.
		asking, cancel = context.WithDeadline(ctx, end)
	}
	granted, err := k.client.Ask(asking, question, k.machine.Lease())
	cancel()
	now := time.Now()
	switch {
	case ctx.Err() != nil:
		return
	case err == nil:
		k.machine.Granted(now, granted)
		k.complain("", nil)
		return
	case errors.Is(err, ErrRefused):
		k.machine.Refused(now)
	default:
		k.machine.Silent(now)
	}
	k.complain("no DHCP lease yet, still asking", err)
}

func (k *keeper) apply(ctx context.Context) {
	lease := k.machine.Lease()
	if k.applied && same(lease, k.current) {
		return
	}
	var use Lease
	if lease != nil {
		use = *lease
	}
	if err := k.set(ctx, use); err != nil {
		k.complain("management address is not set", err)
		return
	}
	k.applied, k.current = true, lease
	if lease != nil {
		k.log.Info("DHCP lease", "address", lease.Address.String(), "gateway", lease.Gateway.String(), "server", lease.Server.String(), "time", lease.Time)
	} else {
		k.log.Info("no DHCP lease: the box has no address")
	}
}

// same says that there is nothing to set anew between two leases.
func same(a, b *Lease) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Address == b.Address && a.Gateway == b.Gateway && slices.Equal(a.DNS, b.DNS) && slices.Equal(a.NTP, b.NTP)
}

// complain logs a trouble when it is a new one.
func (k *keeper) complain(what string, err error) {
	if what == k.troubled {
		return
	}
	k.troubled = what
	if err != nil {
		k.log.Warn("management address", "trouble", what, "error", err)
	}
}

func (k *keeper) wait(ctx context.Context, flapped <-chan struct{}) {
	now := time.Now()
	wake := k.machine.Wake(now)
	if !k.applied || !same(k.machine.Lease(), k.current) {
		if again := now.Add(retry); wake.IsZero() || again.Before(wake) {
			wake = again
		}
	}
	var over <-chan time.Time
	if !wake.IsZero() {
		timer := time.NewTimer(max(wake.Sub(now), 0))
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-ctx.Done():
	case <-over:
	case <-flapped:
		k.machine.Flapped(time.Now())
	}
}
